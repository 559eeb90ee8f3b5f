import t from "tap"
import { dieInTurn, openStage, type Death } from "./killed.ts"

/** Some of the places of `killed.long.ts`. */
const stage = await openStage(t.testdir())
t.setTimeout(240_000)
t.teardown(() => stage[Symbol.asyncDispose]())

const places: Readonly<Record<string, Death>> = {
  // Record, looks and three of the four creates are through by then.
  "in its first turn, with some of its creates done": { turn: "first", at: "prefect", request: 20, side: "after" },
  "in a later turn, with its cache cut in half": {
    turn: "later",
    at: "prefect",
    request: 8,
    side: "after",
    damaged: true,
  },
}
for (const [where, death] of Object.entries(places)) {
  await t.test(`killed ${where}, the next daemon ends as one that nobody disturbed`, async (t) => {
    t.strictSame(await dieInTurn(stage, death), stage.twin)
  })
}
