import type { Plan } from "../../src/core/change.ts"
import { deploymentKey, type DeploymentId, type Revision, type SourceName } from "../../src/core/model.ts"
import type { LiveDeployment, WorkspaceName } from "../../src/core/model.ts"
import type { Hold, Outcome } from "../../src/core/outcome.ts"

/** Values that the tests of the observers and of the server take as they are, or with one thing changed. */

export const etl = "etl" as SourceName
export const workspace = "default" as WorkspaceName
export const first = "1".repeat(40) as Revision
export const second = "2".repeat(40) as Revision

export const converged: Outcome = {
  kind: "converged",
  source: etl,
  workspace,
  trigger: "interval",
  startedAt: "2026-11-24T10:00:00.000Z",
  durationMs: 1500,
  observed: first,
  observedAt: "2026-11-24T09:59:50.000Z",
  applied: first,
  failure: null,
  plan: null,
  results: [],
  problems: [],
  hold: null,
  suspend: null,
  pin: null,
  againMs: null,
  counts: { desired: 3, owned: 3, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 },
}

export const failed: Outcome = {
  ...converged,
  kind: "failed",
  observed: null,
  observedAt: null,
  applied: null,
  failure: {
    stage: "git",
    kind: "transient",
    code: "git-unreachable",
    message: "can't reach the server",
    retryAfterMs: null,
  },
  counts: { desired: 0, owned: 0, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 },
}

export const hold: Hold = {
  reasons: [{ code: "budget", message: "7 removals are more than 5" }],
  victims: [{ kind: "deployment", key: deploymentKey("a", "b"), id: "id-1" as DeploymentId }],
  digest: "d1",
  release: ["lockstep confirm etl d1"],
  since: "2026-11-24T10:00:00.000Z",
}

export const live: LiveDeployment = {
  id: "11111111-1111-1111-1111-111111111111" as DeploymentId,
  key: deploymentKey("flow", "prod"),
  flow: "flow",
  name: "prod",
  updated: "2026-11-24T09:00:00Z",
  allTags: [],
  schedulesDigest: "",
  sharedLimit: null,
  limitId: null,
  fields: {
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
    automations: null,
  },
}

export const plan: Plan = {
  source: etl,
  revision: first,
  owned: 1,
  problems: [],
  changes: [{ action: "keep", key: live.key, live, at: { file: "prefect.yaml", line: 2 } }],
}
