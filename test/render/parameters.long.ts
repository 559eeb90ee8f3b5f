import t from "tap"
import { compare } from "./parameters.ts"

t.test("of thousands of values nothing is refused that Prefect's server takes", async (t) => {
  for (const version of ["3.8.8", "3.2.0"] as const) {
    const { wrong, server, ours } = compare(version, { programs: 400, values: 30 })
    t.strictSame(wrong.slice(0, 3), [], `${version} takes what is refused here`)
    t.ok(ours >= server * 0.98, `${version}: ${ours} of ${server} are refused here too`)
  }
})
