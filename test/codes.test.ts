import { readFileSync } from "node:fs"
import t from "tap"
import { codesText } from "./support/codes.ts"

t.test("src/CODES.md lists every code that a manifest, a plan or a hold can have", async (t) => {
  t.equal(readFileSync("src/CODES.md", "utf8"), codesText(), "run `npm run codes`")
})
