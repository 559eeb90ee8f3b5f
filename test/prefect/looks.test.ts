import t from "tap"
import { looks } from "./looks.ts"

const tried: ReadonlySet<string> = new Set([
  "a queue is removed",
  "a pool is removed and made again with its queue",
  "a limit is removed",
  "nothing happens",
  "a worker polls",
  "403",
  "no rows",
])

await t.test("what detaches a deployment shows in one look, and nothing else costs a listing", () =>
  looks("3.8.8", (what) => tried.has(what)),
)
