import { readFileSync } from "node:fs"
import t from "tap"
import { faultsText, kinds } from "./table.ts"

t.test("README.md lists every fault of the table", async (t) => {
  t.equal(readFileSync("test/faults/README.md", "utf8"), faultsText(), "run `npm run faults`")
})

t.test("every fault names a test that exists, by its title", async (t) => {
  const rows = kinds.flatMap(([, faults]) => faults)
  const missing = rows.filter(({ test }) => {
    const at = test.indexOf(": ")
    return !readFileSync(`test/${test.slice(0, at)}`, "utf8").includes(test.slice(at + 2))
  })
  t.strictSame(
    missing.map(({ test }) => test),
    [],
  )
})
