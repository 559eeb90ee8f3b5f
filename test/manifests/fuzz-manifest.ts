import { parseArgs } from "node:util"
import { compare, type Compared } from "./deployments.ts"

/** `npm run fuzz:manifest -- --runs 5000 --seed 1`: generated manifests through `prefect deploy` and through Lockstep. */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    show: { type: "string", default: "" },
  },
})
const [runs, seed, from] = [Number(values.runs), Number(values.seed), Number(values.from)]
/** As many as one pair of servers gets; starting them takes as long as a few dozen manifests. */
const atOnce = 500
const all: Compared[] = []
let writes = 0
for (let done = 0; done < runs; done += atOnce) {
  const batch = await compare(seed, from + done, Math.min(atOnce, runs - done))
  all.push(...batch.compared)
  writes += batch.writes.length
  if (batch.writes.length > 0) console.log(`batch ${from + done}: second turn wrote ${batch.writes.join(", ")}`)
  for (const one of batch.compared)
    if (one.verdict === "WRONG" || values.show.includes(one.verdict))
      console.log(`--- ${one.verdict}: seed ${seed}, manifest ${one.n}\n${one.manifest.trim()}\n${one.why}`)
}
const counts = Object.entries(Object.groupBy(all, ({ verdict }) => verdict)).map(
  ([verdict, list]) => `${list?.length} ${verdict}`,
)
console.log(`${runs} manifests of seed ${seed}: ${counts.join(", ")}; ${writes} writes in second turns`)
process.exitCode = all.some(({ verdict }) => verdict === "WRONG") || writes > 0 ? 1 : 0
