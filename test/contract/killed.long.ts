import t from "tap"
import { dieInTurn, openStage, type Death } from "./killed.ts"

/** Every request of a source's first turn and of a later one, to Prefect and to Git, killed before and after. */
const stage = await openStage(t.testdir())
const requestsMax = 80
t.setTimeout(7_200_000)
t.teardown(() => stage[Symbol.asyncDispose]())

const places: readonly Omit<Death, "request">[] = (["first", "later"] as const).flatMap((turn) =>
  (["prefect", "git"] as const).flatMap((at) =>
    (["before", "after"] as const).flatMap((side) => [false, true].map((damaged) => ({ turn, at, side, damaged }))),
  ),
)
for (const place of places) {
  const { turn, at, side, damaged } = place
  const where = `${side} each request to ${at} of its ${turn} turn${damaged ? ", its cache cut in half" : ""}`
  await t.test(`killed ${where}, a source ends as an undisturbed one`, async (t) => {
    for (let request = 1; request <= requestsMax; request++) {
      const end = await dieInTurn(stage, { ...place, request })
      if (end === null) break
      t.strictSame(end, stage.twin, `request ${request}`)
    }
  })
}
