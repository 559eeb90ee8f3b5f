import { digestOf } from "../../src/core/digest.ts"
import { fieldNames } from "../../src/core/fields.ts"
import type { Json } from "../../src/core/json.ts"
import { markTags, type Owner } from "../../src/core/mark.ts"
import {
  deploymentKey,
  type Automation,
  type DeploymentFields,
  type DeploymentId,
  type DeploymentKey,
  type Desired,
  type DesiredDeployment,
  type DesiredFields,
  type FieldName,
  type LiveAutomation,
  type LiveDeployment,
  type LiveFields,
  type LiveSchedule,
  type QueueIds,
  type Revision,
  type Schedule,
  type ScheduleSpec,
  type Snapshot,
  type SourceName,
  type Value,
  type WorkPool,
  type WorkspaceName,
} from "../../src/core/model.ts"
import type { Change, Plan } from "../../src/core/change.ts"
import { planChanges } from "../../src/core/plan.ts"
import type { PlanInput, Sibling } from "../../src/core/plan-input.ts"
import type { Policy, PrunePolicy, Source } from "../../src/core/source.ts"

/** Values of the model from a few words, so that a test says only what it is about. */

export const installation = "prod"
export const etl = "etl" as SourceName
export const other = "other" as SourceName
export const me: Owner = { installation, source: etl }
export const them: Owner = { installation, source: other }
export const first = "1".repeat(40) as Revision
export const second = "2".repeat(40) as Revision
export const noon = "2026-11-24T12:00:00.000Z"

export function key(text: string): DeploymentKey {
  return text as DeploymentKey
}

export const bareFields: DeploymentFields = {
  description: null,
  version: null,
  tags: [],
  paused: false,
  entrypoint: "flow.py:flow",
  parameters: {},
  parameterSchema: {},
  enforceParameterSchema: true,
  pullSteps: [],
  workPool: "pool",
  workQueue: null,
  jobVariables: {},
  concurrencyLimit: null,
  concurrencyOptions: null,
  schedules: [],
  automations: [],
}

export const cron = (text = "0 6 * * *", timezone: string | null = null): ScheduleSpec => ({
  kind: "cron",
  cron: text,
  timezone,
  dayOr: true,
})
export const interval = (seconds: number, anchor: string | null = null): ScheduleSpec => ({
  kind: "interval",
  seconds,
  anchor,
  timezone: null,
})
export const rrule = (text: string, timezone: string | null = null): ScheduleSpec => ({
  kind: "rrule",
  rrule: text,
  timezone,
})

export function schedule(slug: string | null, spec = cron(), more: Partial<Schedule> = {}): Schedule {
  return { slug, spec, active: null, parameters: null, ...more }
}

export function liveSchedule(slug: string | null, spec = cron(), more: Partial<LiveSchedule> = {}): LiveSchedule {
  return { slug, spec, active: true, parameters: {}, id: `id-of-${slug}`, ...more }
}

export function automation(name: string, more: Partial<Automation> = {}): Automation {
  const trigger = { type: "event", posture: "Reactive", expect: [`${name}.happened`], threshold: 1, within: 0 }
  const actions = [{ type: "run-deployment", source: "selected" }]
  return { name, description: "", enabled: null, trigger, actions, reactions: {}, ...more }
}

/** Nobody's, unless `owner` is given. */
export function liveAutomation(on: string, name: string, more: Partial<LiveAutomation> & { owner?: Owner } = {}) {
  const { owner, ...rest } = more
  const made: LiveAutomation = {
    ...automation(name),
    id: `automation-${name}`,
    key: key(on),
    enabled: true,
    created: noon,
    updated: noon,
    tags: owner ? markTags(owner, key(`${on}/${name}`), "") : [],
    startsOnly: true,
    ...rest,
  }
  return made
}

type Given = { readonly [F in FieldName]?: DeploymentFields[F] | Value<DeploymentFields[F]> }

function isValue(given: unknown): given is Value<never> {
  return typeof given === "object" && given !== null && "kind" in given && given.kind !== "cron"
}

/** A field given as it is counts as declared; one that isn't given is absent. */
export function desiredFields(given: Given = {}): DesiredFields {
  const all = fieldNames.map((name) => {
    const one = given[name]
    if (one === undefined) return [name, { kind: "absent" }]
    return [name, isValue(one) ? one : { kind: "declared", value: one }]
  })
  return Object.fromEntries(all) as DesiredFields
}

export function declared(text: string, given: Given = {}, more: Partial<DesiredDeployment> = {}): DesiredDeployment {
  const [flow, name] = text.split("/") as [string, string]
  const fields = desiredFields(given)
  const at = { file: "prefect.yaml", line: 3, column: 5 }
  return { key: deploymentKey(flow, name), flow, name, at, fields, createWaits: null, ...more }
}

export function desiredOf(deployments: readonly DesiredDeployment[] = [], more: Partial<Desired> = {}): Desired {
  return {
    kind: "complete",
    source: etl,
    revision: first,
    deployments: new Map(deployments.map((one) => [one.key, one])),
    handsOff: new Set(),
    problems: [],
    digest: digestOf(deployments.map(({ key, fields }) => [key, fields as unknown as Json])),
    ...more,
  }
}

/** A live deployment that nobody owns; `tags` of `fields` are the people's own. */
export function live(text: string, fields: Partial<LiveFields> = {}, more: Partial<LiveDeployment> = {}) {
  const [flow, name] = text.split("/") as [string, string]
  const all: LiveFields = { ...bareFields, schedules: [], automations: [], ...fields }
  const made: LiveDeployment = {
    id: `id-of-${text}` as DeploymentId,
    key: deploymentKey(flow, name),
    flow,
    name,
    updated: "2026-11-24T10:00:00.000Z",
    allTags: all.tags,
    fields: all,
    schedulesDigest: digestOf(all.schedules as unknown as Json),
    sharedLimit: null,
    limitId: null,
    ...more,
  }
  return made
}

interface Ownership {
  readonly owner?: Owner
  readonly letters?: string
  /** Further tags, such as a prune tag. */
  readonly tags?: readonly string[]
}

export function owned(text: string, fields: Partial<LiveFields> = {}, ownership: Ownership = {}): LiveDeployment {
  const { owner = me, letters = "", tags = [] } = ownership
  const bare = live(text, fields)
  return { ...bare, allTags: [...bare.fields.tags, ...markTags(owner, bare.key, letters), ...tags] }
}

export function pool(name: string, queues: readonly string[] = ["default"]): WorkPool {
  return { name, defaultQueue: queues[0] ?? null, queues: new Set(queues) }
}

/** Ids of the queues of some pools, as long as nobody makes one of them again. */
export function queueIdsOf(pools: Iterable<WorkPool>): QueueIds {
  return new Map(
    [...pools].map(({ name, queues }) => [name, new Map([...queues].map((queue) => [queue, `${name}/${queue}`]))]),
  )
}

export function snapshotOf(deployments: readonly LiveDeployment[], pools = [pool("pool")]): Snapshot {
  return {
    takenAt: noon,
    deployments: new Map(deployments.map((one) => [one.key, one])),
    covers: new Set(),
    workPools: new Map(pools.map((one) => [one.name, one])),
    queues: queueIdsOf(pools),
    automations: "read",
    server: null,
  }
}

type PolicyChange = Partial<Omit<Policy, "prune">> & { readonly prune?: Partial<PrunePolicy> }

export function sourceOf(policy: PolicyChange = {}, more: Partial<Source> = {}): Source {
  const { prune, ...rest } = policy
  const limits = { mode: "auto", max: 5, maxPercent: 20, ceiling: 25, graceMs: 86_400_000, ...prune } as const
  return {
    name: etl,
    workspace: "default" as WorkspaceName,
    remote: { url: "https://git.example.com/etl.git", credentials: null, caFile: null },
    ref: { kind: "branch", name: "main" },
    intervalMs: 60_000,
    selection: { manifests: ["**/prefect.yaml"], exclude: [], select: [] },
    scope: { workPools: [], flows: [] },
    apply: true,
    policy: { adopt: "same", onDrift: "enforce", ignore: [], ...rest, prune: limits },
    rendering: {
      env: {},
      stepOutputs: {},
      images: "hold",
      registries: [],
      pull: "auto",
      pullCommit: "none",
      codePaths: [],
      pinClones: false,
      baseDir: "auto",
      shortHash: 7,
      overrides: { workPool: null, workQueue: null, nameSuffix: null, tags: [], jobVariables: {}, paused: null },
    },
    decommission: false,
    receiver: null,
    formerly: [],
    handOverFrom: [],
    ...more,
  }
}

/** Another source of the workspace, read wholly and able to take over; of the same repository and ref as `sourceOf`. */
export function siblingOf(declares: readonly string[] = [], more: Partial<Sibling> = {}): Sibling {
  return {
    source: sourceOf({}, { name: other }),
    declares: new Set(declares.map((text) => key(text))),
    complete: true,
    canTake: true,
    record: null,
    letGo: new Set(),
    ...more,
  }
}

export interface World {
  readonly declared?: readonly DesiredDeployment[]
  readonly live?: readonly LiveDeployment[]
  readonly pools?: WorkPool[]
  readonly policy?: PolicyChange
  readonly desired?: Partial<Desired>
  readonly drift?: boolean
  readonly removal?: Partial<PlanInput["removal"]>
}

export function inputOf(world: World, more: Partial<PlanInput> = {}): PlanInput {
  return {
    installation,
    source: sourceOf(world.policy),
    desired: desiredOf(world.declared, world.desired),
    snapshot: snapshotOf(world.live ?? [], world.pools),
    siblings: new Map(),
    records: new Map(),
    unchangedInGit: () => world.drift ?? false,
    patience: new Map(),
    removal: { serverNow: noon, obstacles: new Map(), refused: false, ...world.removal },
    ...more,
  }
}

export function planOf(world: World, more: Partial<PlanInput> = {}): Plan {
  return planChanges(inputOf(world, more))
}

/** The plan's one change. */
export function changeOf(world: World, more: Partial<PlanInput> = {}): Change {
  const { changes } = planOf(world, more)
  const [change] = changes
  if (!change || changes.length > 1) throw new Error(`${changes.length} changes instead of one`)
  return change
}

/** The change's write, for the tests that look into it. */
export function writeOf(change: Change) {
  if (!("write" in change)) throw new Error(`${change.action} has no write`)
  return change.write
}
