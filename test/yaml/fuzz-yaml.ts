import { parseArgs } from "node:util"
import { mistake, readAsPrefect } from "./yaml-oracle.ts"
import { yamlText } from "./yaml-texts.ts"

/** `npm run fuzz:yaml -- --runs 100000 --seed 1`: generated texts through PyYAML and our reader. */
const { values } = parseArgs({
  options: { runs: { type: "string", default: "20000" }, seed: { type: "string", default: "1" } },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]
const atOnce = 10_000
let [read, refused, wrong] = [0, 0, 0]
for (let done = 0; done < runs; done += atOnce) {
  const texts = Array.from({ length: Math.min(atOnce, runs - done) }, (_, index) => yamlText(seed, done + index))
  for (const [index, theirs] of readAsPrefect(texts).entries()) {
    const text = texts[index] as string
    const found = mistake(text, theirs)
    if ("value" in theirs) read += 1
    else refused += 1
    if (found === null) continue
    wrong += 1
    if (wrong <= 20) console.log(`seed ${seed}, text ${done + index}: ${JSON.stringify(text)}\n  ${found}`)
  }
}
console.log(`${runs} texts of seed ${seed}: ${read} read by PyYAML, ${refused} refused by it, ${wrong} wrong`)
process.exitCode = wrong > 0 ? 1 : 0
