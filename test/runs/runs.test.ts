import t from "tap"
import { verdict } from "./judge.ts"
import { fewLayouts } from "./layouts.ts"
import { runBoth } from "./sides.ts"

t.setTimeout(600_000)

/** Deployed by the real `prefect deploy` and by Lockstep, run by real workers; `runs.long.ts` has all layouts. */
t.test("what Lockstep deploys without `pull` runs as what `prefect deploy` deploys", async (t) => {
  const pairs = await runBoth("3.8.8", fewLayouts)

  t.equal(pairs.length, fewLayouts.length)
  for (const pair of pairs) t.equal(verdict(pair, "3.8.8"), null, pair.key)
})
