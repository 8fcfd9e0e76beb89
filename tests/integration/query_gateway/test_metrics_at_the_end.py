"""Every statement that ran is in notehouse.query_metrics, also when everything stops right behind it."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from integration.query_gateway.conftest import CLASS_SECRET, House, free_port
from notehouse_hub.embedded.standalone import embedded_clickhouse
from notehouse_hub.rights.users_file import write_users_file
from notehouse_hub.usage.tables import statements

COUNT = """
SELECT status, count(), uniqExact(query_id) FROM notehouse.query_metrics
WHERE statement LIKE '%{mark}%' AND tenant = 'united' AND user = 'united-analyst' GROUP BY status ORDER BY status
"""


def test_a_clean_stop_loses_no_row(own_house: House) -> None:
    house, mark = own_house, "mark_" + "".join(secrets.choice("abcdefgh") for _ in range(12))
    for statement in statements(30):
        house.clickhouse.query(statement)

    def one(number: int) -> int:
        bad = "throwIf(1)" if number % 10 == 0 else "1"
        return house.ask(f"SELECT {bad} AS {mark} FROM flights LIMIT 1").status_code

    with ThreadPoolExecutor(8) as threads:
        answered = list(threads.map(one, range(300)))
    assert answered.count(200) == 270
    house.stop_gateway()
    house.clickhouse.process.terminate()
    house.clickhouse.process.wait(30)
    users = house.folder / "users.xml"
    write_users_file(house.plan, CLASS_SECRET, users)
    with embedded_clickhouse(house.folder, free_port(), users) as again:
        assert again.query(COUNT.format(mark=mark)) == "failed\t30\t30\nfinished\t270\t270\n"
