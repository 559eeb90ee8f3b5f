import { guardPlan, type GuardInput, type Verdict } from "../../src/core/guard.ts"
import { fieldNames } from "../../src/core/fields.ts"
import type { JsonObject } from "../../src/core/json.ts"
import { markTags, readMark } from "../../src/core/mark.ts"
import {
  deploymentKey,
  type DeploymentFields,
  type DeploymentId,
  type DeploymentKey,
  type Desired,
  type DesiredDeployment,
  type DesiredFields,
  type LiveDeployment,
  type LiveSchedule,
  type Problem,
  type Revision,
  type Schedule,
  type SourceName,
  type WorkspaceName,
} from "../../src/core/model.ts"
import type { Plan } from "../../src/core/change.ts"
import { planChanges } from "../../src/core/plan.ts"
import type { PlanInput } from "../../src/core/plan-input.ts"
import type { Policy, Source } from "../../src/core/source.ts"
import { lettersOf } from "../../src/core/write.ts"

/** Plans made by the real core from a few words, for what shows them. */

export const revision = "7f3c2a19bd0e4f5a6b7c8d9e0f1a2b3c4d5e6f70" as Revision
const installation = "test"
const defaults: DeploymentFields = {
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

export function sourceOf(name: string, policy: Partial<Policy> = {}): Source {
  return {
    name: name as SourceName,
    workspace: "default" as WorkspaceName,
    remote: { url: `https://git.example.com/${name}.git`, credentials: null, caFile: null },
    ref: { kind: "branch", name: "main" },
    intervalMs: 60_000,
    selection: { manifests: ["**/prefect.yaml"], exclude: [], select: [] },
    scope: { workPools: [], flows: [] },
    apply: true,
    policy: {
      adopt: "same",
      onDrift: "enforce",
      ignore: [],
      prune: { mode: "auto", max: 5, maxPercent: 20, ceiling: 25, graceMs: 86_400_000 },
      ...policy,
    },
    rendering: {
      env: {},
      stepOutputs: {},
      images: "hold",
      registries: [],
      pull: "auto",
      pullCommit: "tree",
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
  }
}

export function schedule(cron: string, more: Partial<Schedule> = {}): Schedule {
  return {
    slug: null,
    spec: { kind: "cron", cron, timezone: null, dayOr: true },
    active: null,
    parameters: null,
    ...more,
  }
}
export function liveSchedule(cron: string, more: Partial<LiveSchedule> = {}): LiveSchedule {
  return { ...schedule(cron), id: cron, active: true, parameters: {}, ...more }
}

export function declared(key: string, fields: Partial<DeploymentFields>): DesiredDeployment {
  const [flow, name] = key.split("/") as [string, string]
  const all = Object.fromEntries(
    fieldNames.map((field) => [
      field,
      field in fields ? { kind: "declared", value: fields[field] } : { kind: "absent" },
    ]),
  ) as unknown as DesiredFields
  return {
    key: deploymentKey(flow, name),
    flow,
    name,
    at: { file: "prefect.yaml", line: 3, column: 5 },
    fields: all,
    createWaits: null,
  }
}

export function live(
  key: string,
  fields: Partial<LiveDeployment["fields"]>,
  tags: readonly string[] = [],
): LiveDeployment {
  const [flow, name] = key.split("/") as [string, string]
  return {
    id: `id-of-${key}` as DeploymentId,
    key: deploymentKey(flow, name),
    flow,
    name,
    updated: "2026-11-24T10:00:00Z",
    allTags: [...(fields.tags ?? []), ...tags],
    fields: { ...defaults, schedules: [], automations: null, ...fields },
    schedulesDigest: "",
    sharedLimit: null,
    limitId: null,
  }
}

/** Owned by `source`; with the letters of what Git declares now. */
export function owned(
  source: string,
  key: string,
  fields: Partial<LiveDeployment["fields"]>,
  wanted?: DesiredDeployment,
): LiveDeployment {
  const letters = wanted ? lettersOf(wanted.fields, "") : ""
  const tags = markTags({ installation, source: source as SourceName }, key as DeploymentKey, letters)
  return live(key, fields, tags)
}

export interface World {
  readonly declared?: readonly DesiredDeployment[]
  readonly live?: readonly LiveDeployment[]
  readonly problems?: readonly Problem[]
  readonly handsOff?: readonly string[]
  readonly source?: Source
  readonly drift?: readonly string[]
  readonly input?: Partial<PlanInput>
}

export function planOf(world: World): Plan {
  const source = world.source ?? sourceOf("analytics")
  const deployments = new Map((world.declared ?? []).map((one) => [one.key, one]))
  const desired: Desired = {
    kind: "complete",
    source: source.name,
    revision,
    deployments,
    handsOff: new Set(world.handsOff as readonly DeploymentKey[] | undefined),
    problems: world.problems ?? [],
    digest: "digest",
  }
  const all = world.live ?? []
  return planChanges({
    installation,
    source,
    desired,
    snapshot: {
      takenAt: "2026-11-24T12:00:00Z",
      deployments: new Map(all.map((one) => [one.key, one])),
      covers: new Set(deployments.keys()),
      workPools: new Map(
        ["pool", "k8s"].map((name) => [name, { name, defaultQueue: "default", queues: new Set(["default"]) }]),
      ),
      queues: new Map(),
      automations: "read",
      server: null,
    },
    siblings: new Map(),
    records: new Map(),
    unchangedInGit: (key) => world.drift?.includes(key) ?? false,
    patience: new Map(),
    removal: { serverNow: "2026-11-24T12:00:00Z", obstacles: new Map(), refused: false },
    ...world.input,
  })
}

export function verdictOf(plan: Plan, world: World, more: Partial<GuardInput> = {}): Verdict {
  const source = world.source ?? sourceOf("analytics")
  return guardPlan({
    plan,
    source,
    declared: world.declared?.length ?? 0,
    owned: (world.live ?? []).filter((one) => readMark(one.allTags, one.key).kind === "owned"),
    sourceChanged: false,
    siblingUnknown: false,
    firstLook: false,
    otherVersion: null,
    superseded: null,
    letGo: new Set(),
    leavers: new Map(),
    confirmed: null,
    previous: null,
    now: "2026-11-24T12:00:00Z",
    ...more,
  })
}

export const schema: JsonObject = {
  title: "Parameters",
  type: "object",
  required: ["limit"],
  properties: {
    limit: { type: "integer", title: "limit", position: 0 },
    name: { type: "string", title: "name", position: 1, default: "x" },
  },
}
