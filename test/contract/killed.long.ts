import t from "tap"
import { dieInFirstTurn, openStage } from "./killed.ts"

/** Every request of a source's first turn, killed before the server sees it and after. */
const stage = await openStage(t.testdir())
const requestsMax = 60
t.setTimeout(3_600_000)
t.teardown(() => stage[Symbol.asyncDispose]())

for (const side of ["before", "after"] as const) {
  await t.test(`killed ${side} each request of its first turn, a source ends as an undisturbed one`, async (t) => {
    for (let request = 1; request <= requestsMax; request++) {
      const end = await dieInFirstTurn(stage, { request, side })
      if (end === null) break
      t.match(end, { url: String, held: false }, `request ${request}`)
    }
  })
}
