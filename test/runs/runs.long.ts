import t from "tap"
import { verdict } from "./judge.ts"
import { manyLayouts } from "./layouts.ts"
import { runBoth } from "./sides.ts"

/** Every layout, with both versions of Prefect on the server, at the worker and as `prefect deploy`. */
for (const version of ["3.8.8", "3.2.0"] as const) {
  t.test(`every layout runs as what prefect deploy ${version} deploys`, async (t) => {
    const layouts = manyLayouts.filter(({ not }) => not?.[version] === undefined)
    const pairs = await runBoth(version, layouts)

    const wrong = pairs.map((pair) => verdict(pair, version))
    for (const [n, pair] of pairs.entries()) t.equal(wrong[n], null, pair.key)
    t.comment(`${pairs.length} pairs, ${wrong.filter((each) => each === null).length} equal`)
  })
}
