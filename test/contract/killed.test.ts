import t from "tap"
import { dieInFirstTurn, openStage } from "./killed.ts"

/** One of the places of `killed.long.ts`. */
const stage = await openStage(t.testdir())
t.setTimeout(240_000)
t.teardown(() => stage[Symbol.asyncDispose]())

await t.test(
  "killed in a source's first turn, with some of its creates done, the next daemon isn't held",
  async (t) => {
    // Record, looks and three of the four creates are through by then.
    const end = await dieInFirstTurn(stage, { request: 20, side: "after" })
    t.match(end, { url: String, held: false })
  },
)
