import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { canonicalJson } from "../../src/core/json.ts"
import type { Location } from "../../src/core/model.ts"
import { openWorld } from "../support/daemon.ts"
import { openPrefect } from "../support/prefect/server.ts"
import { compare, type Difference, type Live } from "./compare.ts"
import { openOracle, type Answer } from "./oracle.ts"
import { render, type Rendered } from "./render.ts"
import { callerOf, furnish, lockstep, serve, takeAll } from "./servers.ts"

/**
 * `npm run parity -- FOLDER…`: renders the manifests of checked-out repositories and counts what became of their entries.
 * With `--deploy` the real `prefect deploy` makes each entry on one server and the real daemon makes them on another,
 * and the two are compared field by field; `--report FILE` says what became of each. Exit code 1: a difference that no
 * documented rule explains. `repositories.json` names the commits that were tried, for `git clone`.
 */
const { values: flags, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    deploy: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    report: { type: "string", default: ".cache/parity.txt" },
  },
})

function count(all: readonly Rendered[]): Readonly<Record<string, number>> {
  const entries = all.flatMap(({ index }) => index.entries)
  const flows = entries.flatMap(({ flow }) => (flow ? [flow] : []))
  return {
    repositories: all.length,
    manifests: new Set(all.flatMap(({ folder, index }) => index.entries.map(({ manifest }) => join(folder, manifest))))
      .size,
    entries: entries.length,
    deployments: all.reduce((sum, { desired }) => sum + desired.deployments.size, 0),
    flows: flows.length,
    "undecided names": flows.filter(({ name }) => !name.decided).length,
    "undecided schemas": flows.filter(({ schema }) => !schema.decided).length,
    ...tally(all.flatMap(({ desired }) => desired.problems.map(({ severity, code }) => `${severity} ${code}`))),
  }
}

function tally(words: readonly string[]): Readonly<Record<string, number>> {
  const groups = [...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length] as const)
  return Object.fromEntries(groups.toSorted(([, a], [, b]) => b - a))
}

interface Lives {
  readonly prefect: ReadonlyMap<string, Live>
  readonly lockstep: ReadonlyMap<string, Live>
  /** Where the repository is served. */
  readonly url: string
}

function place({ file, line }: Location): string {
  return `${file}:${line}`
}

/** A line for each entry, and one more for each difference. */
function compareOne(one: Rendered, answers: readonly Answer[], lives: Lives): readonly string[] {
  const said: string[] = []
  const { index, desired, name, folder } = one
  const byPlace = new Map([...desired.deployments.values()].map((wanted) => [place(wanted.at), wanted]))
  for (const [i, { at }] of index.entries.entries()) {
    const say = (kind: string, text: string) => said.push([kind, name, place(at), text].join("\t"))
    const answer = answers[i] as Answer
    const prefect = "id" in answer ? lives.prefect.values().find(({ id }) => id === answer.id) : undefined
    const wanted = byPlace.get(place(at))
    const ours = wanted && lives.lockstep.get(wanted.key)
    const failure =
      "error" in answer ? answer.error.replaceAll(/\s+/g, " ") : "overwritten by another entry of the same key"
    if (!prefect && !ours) say("neither", `${reasonFor(one, i)} | ${failure}`)
    else if (!prefect) say("only Lockstep", `${wanted?.key}: ${failure}`)
    else if (!ours || !wanted) say("only Prefect", `${prefect.name}: ${reasonFor(one, i)}`)
    else if (keyOf(lives.prefect, prefect) !== wanted.key)
      say("other key", `${keyOf(lives.prefect, prefect)} | ${wanted.key}`)
    else
      judge(compare(prefect, ours, wanted, { folder, url: lives.url }), (kind, text) =>
        say(kind, `${wanted.key} ${text}`),
      )
  }
  return said
}

function keyOf(lives: ReadonlyMap<string, Live>, live: Live): string {
  return lives.entries().find(([, each]) => each === live)?.[0] ?? ""
}

function judge(differences: readonly Difference[], say: (kind: string, text: string) => void): void {
  const wrong = differences.filter(({ rule }) => rule === null)
  say(wrong.length === 0 ? "equal" : "unequal", "")
  for (const { field, prefect, lockstep: ours } of wrong)
    say("difference", `${field}\n  prefect  ${canonicalJson(prefect)}\n  lockstep ${canonicalJson(ours)}`)
  for (const { field, rule } of differences) if (rule !== null) say("by rule", `${field}: ${rule}`)
}

/** The first error of an entry, which ends where the next one begins. */
function reasonFor({ desired, index }: Rendered, entry: number): string {
  const [at, next] = [index.entries[entry]?.at, index.entries[entry + 1]?.at]
  const end = next && next.file === at?.file ? (next.line ?? 0) : Number.POSITIVE_INFINITY
  const own = desired.problems.find(
    ({ severity, file, line = 0 }) =>
      severity === "error" && file === at?.file && line >= (at?.line ?? 0) && line < end,
  )
  return own ? `${own.code}: ${own.message}` : "no problem at its place"
}

const all: Rendered[] = []
for (const folder of folders) all.push(await render(resolve(folder)))
if (flags.verbose) {
  for (const { name, desired } of all)
    for (const { severity, code, file, line, key, message } of desired.problems)
      console.log(`${severity} ${code}\t${name}\t${file}:${line}\t${key ?? ""}\t${message}`)
}
console.table(count(all))

if (flags.deploy) {
  await using prefect = await openPrefect("3.8.8")
  await using world = await openWorld()
  using oracle = openOracle(prefect.url, prefect.home)
  const [a, b] = [callerOf(prefect.url), world.call]
  const said: string[] = []
  for (const one of all.filter(({ index }) => index.entries.length > 0)) {
    console.error(`${one.name} (${one.index.entries.length} entries)`)
    await furnish(one, a)
    await furnish(one, b)
    const answers = await oracle.deploy(one)
    const { url } = serve(world, one)
    const problems = await lockstep(world, one, url).catch((error: Error) => [error.message])
    said.push(...problems.map((text) => `daemon\t${one.name}\t\t${text}`))
    said.push(...compareOne(one, answers, { prefect: await takeAll(a), lockstep: await takeAll(b), url }))
    writeFileSync(flags.report, said.join("\n"))
  }
  const kinds = tally(said.map((line) => line.split("\t")[0] ?? ""))
  console.table(kinds)
  process.exitCode = kinds["difference"] || kinds["other key"] ? 1 : 0
}
