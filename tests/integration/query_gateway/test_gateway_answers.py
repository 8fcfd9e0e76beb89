def test_each_token_shows_the_rows_of_its_class(house) -> None:
    by_carrier = "SELECT carrier, count() FROM flights GROUP BY carrier ORDER BY carrier"
    assert house.ask(by_carrier, house.united).text == "UA\t10000\n"
    assert house.ask(by_carrier, house.delta).text == "DL\t10000\n"
    assert house.ask(by_carrier, house.admin).text == "AA\t10000\nDL\t10000\nUA\t10000\n"
