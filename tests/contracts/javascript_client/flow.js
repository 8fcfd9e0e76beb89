// The official JavaScript client's basic flow; prints what it saw as one line of JSON.
const { createClient } = require('@clickhouse/client')

const [url, token] = process.argv.slice(2)

async function rows(client, query, more = {}) {
  const answer = await client.query({ query, format: 'JSONEachRow', ...more })
  return answer.json()
}

async function streamed(client) {
  const answer = await client.query({ query: 'SELECT number FROM numbers(100000)', format: 'JSONCompactEachRow' })
  let count = 0
  for await (const part of answer.stream()) count += part.length
  return count
}

async function refused(client) {
  try {
    await rows(client, "SELECT file('/etc/passwd')")
  } catch (error) {
    return { code: error.code, type: error.type }
  }
  return 'it was not refused'
}

async function aborted(client) {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 500)
  try {
    await client.query({
      query: 'SELECT sum(sipHash64(number)) FROM numbers(4000000000)',
      query_id: 'aborted-by-javascript',
      abort_signal: controller.signal,
    })
  } catch (error) {
    return error.message.includes('abort')
  }
  return false
}

async function main() {
  const client = createClient({
    url,
    username: 'anyone',
    password: token,
    database: 'flights',
    session_id: 'a-session',
    compression: { response: true, request: true },
    clickhouse_settings: { max_threads: 2 },
  })
  const exec = await client.exec({ query: 'SELECT 1 AS a, 2 AS b FORMAT CSVWithNames' })
  let csv = ''
  for await (const part of exec.stream) csv += part
  const seen = {
    ping: (await client.ping()).success,
    rows: await rows(client, 'SELECT carrier, count() AS n FROM flights GROUP BY carrier'),
    parameters: await rows(client, 'SELECT {s:String} AS s, {d:Date} AS d, {a:Array(UInt8)} AS a', {
      query_params: { s: "it's", d: '2013-01-01', a: [1, 2] },
    }),
    wide: await (await client.query({ query: 'SELECT 1 AS x', format: 'JSON' })).json(),
    streamed: await streamed(client),
    csv,
    refused: await refused(client),
    aborted: await aborted(client),
  }
  await client.close()
  console.log(JSON.stringify(seen))
}

main()
