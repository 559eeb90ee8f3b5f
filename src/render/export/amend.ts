import type { Change, FieldDiff } from "../../core/change.ts"
import { fieldOf, fieldTitle } from "../../core/fields.ts"
import type { Desired, DeploymentKey, LiveDeployment, Problem, Value } from "../../core/model.ts"
import { parseManifest, type ManifestEntry } from "../manifest/entries.ts"
import type { Rule } from "../manifest/rules.ts"
import { fieldLeftOut, leaveOut, remark, type Drafted } from "./draft.ts"
import { fieldByKey, keyOf, type Draft, type Remark } from "./entry.ts"

/** A manifest as Lockstep itself reads it, and what it would do about it: the test that each draft must pass. */
export interface Reading {
  readonly path: string
  readonly text: string
  readonly desired: Desired
  /** What a plan would do with what the manifest declares, by key. */
  readonly changes: ReadonlyMap<DeploymentKey, Change>
}

/**
 * One step towards a manifest that only adopts: first the flow is looked for, then whatever reads back otherwise than it
 * is live, or not at all, is left out. So what manifests can't say is known in one place, the reader. A draft that comes
 * back as it was is right.
 */
export function amendAll(drafts: readonly Draft[], reading: Reading): readonly Drafted[] {
  const { entries } = parseManifest(reading.path, reading.text)
  const declared = new Map([...reading.desired.deployments.values()].map(({ at, key }) => [at.line, key]))
  const errors = Map.groupBy(
    reading.desired.problems.filter(({ severity }) => severity === "error"),
    (problem) => placeKey(problem),
  )
  return drafts.map((draft, i) => {
    const entry = entries[i]
    if (!entry) throw new Error(`the manifest lost the entry of ${draft.live.key}`)
    const problems = [entry.at.line, draft.live.key].flatMap((place) => errors.get(place) ?? [])
    const found = { entry, key: declared.get(entry.at.line) ?? null, problems }
    return draft.kind === "bare" ? amendBare(draft, found, reading) : amendWhole(draft, found, reading)
  })
}

/** What came of the entry of one draft. */
interface Found {
  readonly entry: ManifestEntry
  /** What the entry declares, which may be another flow's deployment. */
  readonly key: DeploymentKey | null
  readonly problems: readonly Problem[]
}

/** Whose an error is: that of its key, but of two entries with one key each has its own, by its line. */
function placeKey({ code, key, line }: Problem): DeploymentKey | number | undefined {
  return code === "declared-twice" ? line : key
}

function amendBare(draft: Draft, { key, problems }: Found, { desired }: Reading): Drafted {
  const { live } = draft
  const twice = problems.find(({ code }) => code === "declared-twice")
  const declared = twice?.key ?? key
  if (declared !== null && declared !== live.key) return leaveOutAs(another(live, declared))
  // A deployment of this flow under a former name stands beside it; the next look is without that one.
  if (twice) return { draft }
  const wanted = desired.deployments.get(live.key)
  if (!wanted) return leaveOutAs(problems[0] ?? notItself)
  return { draft: { ...draft, kind: "whole", description: isSaid(live.fields.description, wanted.fields.description) } }
}

/**
 * Whether an entry must say a description because its flow doesn't. The text "None" is what `prefect deploy` stores where
 * there is none anywhere.
 */
function isSaid(live: string | null, own: Value<string | null>): boolean {
  if (own.kind === "derived") return !!live && own.value !== live
  return !!live && live !== "None"
}

/** Why its entry is another deployment. */
function another({ flow, fields }: LiveDeployment, declared: DeploymentKey): Remark {
  const here = declared.slice(0, declared.indexOf("/"))
  if (here === flow) return remark("not-sayable", `an entry of that name would be the deployment "${declared}"`)
  return remark("flow-elsewhere", `${fields.entrypoint} is another flow in this checkout: "${here}"`)
}

const notItself: Remark = remark("not-sayable", "an entry with its name and its entrypoint would be another deployment")

function leaveOutAs({ code, message }: Remark): Drafted {
  return { leftOut: { code, message } }
}

function amendWhole(draft: Draft, { entry, problems }: Found, { path, desired, changes }: Reading): Drafted {
  const { key } = draft.live
  const isSeen = desired.deployments.has(key) || desired.handsOff.has(key)
  if (!isSeen && !draft.flowName) return { draft: { ...draft, flowName: true } }
  const refused = problems.map((problem) => ({ problem, at: problem.file === path ? keyAt(entry, problem) : null }))
  const stuck = refused.find(({ at }) => at === null)
  if (stuck) return leaveOutAs(stuck.problem)
  if (refused.length > 0)
    return withoutFields(
      draft,
      refused.map(({ at, problem }) => [at as string, whyRefused(problem, at as string)]),
    )
  const change = changes.get(key)
  if (change?.action === "skip") return leaveOutAs(change)
  if (change?.action !== "adopt") return leaveOutAs(notItself)
  return amendDiffs(draft, entry, change.diffs)
}

const placeholders: ReadonlySet<string> = new Set([
  "placeholder-unresolved",
  "env-missing",
  "variable-missing",
  "step-output-missing",
  "block-in-parameters",
] satisfies Rule[])

/** In the reader's words, which are meant for who wrote the text; here it is live already. */
function whyRefused({ code, message }: Problem, key: string): string {
  const said = message.startsWith(`${key}: `) ? message.slice(key.length + 2) : message
  return placeholders.has(code) ? `a text in it is a placeholder to prefect.yaml (${said})` : said
}

/** Differences from what is live, each told by the key that said it. */
function amendDiffs(draft: Draft, entry: ManifestEntry, diffs: readonly FieldDiff[]): Drafted {
  const said = new Set(keysOf(entry).map(({ key }) => key))
  const wrong = diffs.flatMap((diff) => {
    const key = keyOf(diff.field)
    return key !== null && said.has(key) && fieldByKey.has(key) ? [[key, whyDifferent(diff)] as const] : []
  })
  if (wrong.length > 0) return withoutFields(draft, wrong)
  const stuck = diffs.find(({ field }) => fieldOf(field).needed)
  if (stuck) return leaveOut("not-sayable", `${placeOf(stuck)} can't be said as it is live`)
  const fields = [...new Set(diffs.map(({ field }) => field))]
  const remarks = fields.map((field) =>
    remark(
      "flow-differs",
      `\`${fieldTitle(field)}\` isn't as the flow in this checkout says: adopting it changes that, so it is held`,
    ),
  )
  return withRemarks(draft, remarks)
}

function whyDifferent(diff: FieldDiff): string {
  const { live, desired } = diff
  if (typeof live === "number" && desired === String(live))
    return `${placeOf(diff)} looks like a secret, and a placeholder would make a text of the number`
  return `${placeOf(diff)} can't be said as it is`
}

function placeOf({ field, path }: FieldDiff): string {
  return fieldTitle(field) + (path === "" || path.startsWith("[") ? path : `.${path}`)
}

/** One reason for each key is enough. */
function withoutFields(draft: Draft, reasons: readonly (readonly [string, string])[]): Drafted {
  const byKey = new Map(reasons.toReversed())
  const fields = [...byKey.keys()].flatMap((key) => fieldByKey.get(key) ?? [])
  const remarks = [...byKey].map(([key, why]) => fieldLeftOut(key, why))
  return withRemarks({ ...draft, unsaid: new Set([...draft.unsaid, ...fields]) }, remarks)
}

/** The same draft when there is nothing new to say. */
function withRemarks(draft: Draft, remarks: readonly Remark[]): Drafted {
  const fresh = remarks.filter(({ message }) => draft.remarks.every((known) => known.message !== message))
  return { draft: fresh.length === 0 ? draft : { ...draft, remarks: [...draft.remarks, ...fresh] } }
}

/** The key of the entry, or of its work pool, that a line belongs to, if the entry can do without. */
function keyAt(entry: ManifestEntry, { line = 0 }: Problem): string | null {
  const key = keysOf(entry).findLast((one) => one.line <= line)?.key
  return key !== undefined && fieldByKey.has(key) ? key : null
}

/** In the order of their lines. */
function keysOf({ node }: ManifestEntry): readonly { readonly key: string; readonly line: number }[] {
  return [...node.entries].flatMap(([key, { at, value }]) => {
    const below = key === "work_pool" && value.kind === "map" ? [...value.entries] : []
    return [{ key, line: at.line }, ...below.map(([inner, member]) => ({ key: inner, line: member.at.line }))]
  })
}
