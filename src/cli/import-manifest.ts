import picomatch from "picomatch"
import { readMark } from "../core/mark.ts"
import type { DeploymentKey, LiveDeployment } from "../core/model.ts"
import type { Workspace } from "../core/source.ts"
import { amendAll } from "../render/export/amend.ts"
import type { ExportCode } from "../render/export/codes.ts"
import { draftOf, leaveOut, type Drafted } from "../render/export/draft.ts"
import type { Draft, Remark } from "../render/export/entry.ts"
import { manifestText } from "../render/export/manifest.ts"
import { hideSecrets, type Hidden } from "../render/export/secrets.ts"
import type { Rule } from "../render/manifest/rules.ts"
import { CommandError } from "./exit.ts"
import { openCheckout, readManifest, readOthers, type Others, type Sight } from "./import-checkout.ts"
import type { PlanParts } from "./plan-sources.ts"
import { unknownOffline } from "./validate.ts"

/** That there is no other manifest yet is known. */
const noDoubt: ReadonlySet<string> = new Set([...unknownOffline, "nothing-found"])

export interface ImportRequest {
  readonly workspace: Workspace
  /** The checkout with the flows, absolute. */
  readonly root: string
  /** Where the manifest will stand, relative to the checkout: entrypoints are looked for from there on. */
  readonly path: string
  /** `flow/deployment` patterns; empty = all. */
  readonly select: readonly string[]
  readonly showValues: boolean
  readonly onProgress: (text: string) => void
}

/** What there is to say about one deployment. */
export interface Told extends Remark {
  readonly key: DeploymentKey
}

export interface Imported {
  /** The manifest; "" when nothing goes into it. */
  readonly text: string
  readonly deployments: readonly DeploymentKey[]
  readonly leftOut: readonly Told[]
  readonly remarks: readonly Told[]
  /** Values that placeholders stand for. */
  readonly hidden: readonly Hidden[]
  /** Whether the server is too old for its automations to be looked at. */
  readonly triggersUnread: boolean
  /** Errors in other manifests of the checkout, which may declare what is here too. */
  readonly unsure: number
}

/** Each mends every draft in one place at least; there are a dozen places. */
const roundsMax = 24
/** These say that it belongs elsewhere, so who reads this manifest needn't know of it. */
const elsewhere: ReadonlySet<string> = new Set([
  "already-owned",
  "already-declared",
  "flow-elsewhere",
  "flow-file-missing",
  "entrypoint-missing",
] satisfies (ExportCode | Rule)[])

/**
 * A manifest of the deployments of a workspace whose flows are in a checkout. It is read back as the daemon would read
 * it, and planned, until nothing but adoptions are left: what the daemon would write counts, not what we think of it.
 */
export async function importManifest(parts: PlanParts, request: ImportRequest, signal: AbortSignal): Promise<Imported> {
  const { root, showValues, onProgress } = request
  onProgress("listing deployments")
  const port = await parts.workspace(request.workspace)
  const snapshot = await port.everything(signal)
  onProgress(`reading ${root}`)
  const checkout = await openCheckout(root, signal)
  const sight = { render: parts.render, port, checkout, snapshot }
  const others = await readOthers(sight, signal)
  const chosen = [...snapshot.deployments.values()].filter(selects(request.select)).toSorted(byKey)
  if (chosen.length === 0 && request.select.length > 0)
    throw new CommandError(`no deployment of the workspace matches ${request.select.join(" or ")}`)
  const isKnown = (text: string): boolean => parts.secrets.mask(text) !== text
  const { covered, hidden } = hideSecrets(chosen, { showValues, isKnown })
  const lives = covered.map(({ live }) => live)
  const drafted = covered.map((one) => refusal(one.live, others) ?? draftOf(one))
  const state = await mend(sorted(lives, drafted), { sight, request, hidden }, signal)
  return {
    ...state,
    deployments: state.drafts.map(({ live }) => live.key),
    remarks: state.drafts.flatMap(({ live, remarks }) => remarks.map((one) => ({ ...one, key: live.key }))),
    hidden: hidden.filter(({ name }) => state.text.includes(`{{ $${name} }}`)),
    triggersUnread: snapshot.automations === "unsupported",
    unsure: others.problems.filter(({ severity, code }) => severity === "error" && !noDoubt.has(code)).length,
  }
}

interface State {
  readonly drafts: readonly Draft[]
  readonly leftOut: readonly Told[]
}

interface Given {
  readonly sight: Sight
  readonly request: ImportRequest
  readonly hidden: readonly Hidden[]
}

/** Reads and amends until each draft that is left is right. */
async function mend(state: State, given: Given, signal: AbortSignal): Promise<State & { readonly text: string }> {
  let now = state
  for (let round = 0; round < roundsMax; round++) {
    if (now.drafts.length === 0) return { ...now, text: "" }
    const text = manifestText(now.drafts, {
      origin: given.request.workspace.apiUrl,
      secrets: given.hidden.map(({ name }) => name),
      leftOut: now.leftOut.filter(({ code }) => !elsewhere.has(code)),
    })
    const { path } = given.request
    const reading = await readManifest(given.sight, { path, text, hidden: given.hidden }, signal)
    const amended = amendAll(now.drafts, reading)
    if (amended.every((one, i) => "draft" in one && one.draft === now.drafts[i])) return { ...now, text }
    const lives = now.drafts.map(({ live }) => live)
    const { drafts, leftOut } = sorted(lives, amended)
    now = { drafts, leftOut: [...now.leftOut, ...leftOut].toSorted(byKey) }
  }
  throw new Error(`the manifest isn't right after ${roundsMax} rounds`)
}

function sorted(lives: readonly LiveDeployment[], drafted: readonly Drafted[]): State {
  return {
    drafts: drafted.flatMap((one) => ("draft" in one ? [one.draft] : [])),
    leftOut: drafted.flatMap((one, i) =>
      "leftOut" in one ? [{ ...one.leftOut, key: (lives[i] as LiveDeployment).key }] : [],
    ),
  }
}

/** Why it can't be here whatever it is like. */
function refusal({ allTags, key }: LiveDeployment, { declared }: Others): Drafted | null {
  const mark = readMark(allTags, key)
  if (mark.kind === "owned")
    return leaveOut("already-owned", `source ${mark.owner.source} of installation ${mark.owner.installation} owns it`)
  const place = declared.get(key)
  return place === undefined ? null : leaveOut("already-declared", `${place} declares it`)
}

function selects(select: readonly string[]): (live: LiveDeployment) => boolean {
  if (select.length === 0) return () => true
  const isSelected = picomatch([...select], { dot: true })
  return ({ key }) => isSelected(key)
}

function byKey(a: { readonly key: DeploymentKey }, b: { readonly key: DeploymentKey }): number {
  return a.key < b.key ? -1 : 1
}
