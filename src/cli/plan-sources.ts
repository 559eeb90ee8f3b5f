import { randomUUID } from "node:crypto"
import type { Plan } from "../core/change.ts"
import type { DeploymentKey, WorkspaceName } from "../core/model.ts"
import type { Hold, Pin, Suspend } from "../core/outcome.ts"
import type { SecretReader } from "../core/secret.ts"
import type { Remote, Source, Workspace } from "../core/source.ts"
import type { Config } from "../config/config.ts"
import { WorkTree } from "../git/worktree.ts"
import type { Clock } from "../lib/clock.ts"
import { toError } from "../lib/errors.ts"
import { Events } from "../observe/events.ts"
import { Bulkheads } from "../reconcile/bulkheads.ts"
import type { TurnContext } from "../reconcile/context.ts"
import { decide, type Decision } from "../reconcile/decide.ts"
import { memoryOf, openState, type WorkspaceState } from "../reconcile/memory.ts"
import type { GitPort, ImagesPort, RenderPort, WorkspacePort } from "../reconcile/ports.ts"
import { readSiblings } from "../reconcile/siblings.ts"
import { Snapshots } from "../reconcile/snapshots.ts"
import { version } from "../version.ts"

/** The eyes of a plan: the same as the daemon's. Nothing here writes, because `apply` is never called. */
export interface PlanParts extends AsyncDisposable {
  readonly git: GitPort
  readonly render: RenderPort
  readonly images: ImagesPort
  readonly secrets: SecretReader
  readonly clock: Clock
  workspace(workspace: Workspace): Promise<WorkspacePort>
}

export type SourceReport =
  | {
      readonly kind: "planned"
      readonly source: Source
      readonly plan: Plan
      readonly hold: Hold | null
      /** Keys of the changes that the hold keeps back. */
      readonly held: ReadonlySet<DeploymentKey>
      readonly pin: Pin | null
    }
  | { readonly kind: "suspended"; readonly source: Source; readonly suspend: Suspend }
  | { readonly kind: "failed"; readonly source: Source; readonly message: string }

export interface PlanRequest {
  readonly config: Config
  readonly chosen: readonly Source[]
  /** A folder to read instead of the remote of the one chosen source. */
  readonly workingTree: string | null
  readonly onProgress: (text: string) => void
}

/**
 * What the daemon would do now, decided by the very code that it runs. The other sources of a workspace are read too:
 * whether something is taken over, or claimed, depends on what they declare.
 */
export async function planSources(
  parts: PlanParts,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<readonly SourceReport[]> {
  const { config, chosen, onProgress } = request
  const context = contextOf(parts, request)
  const states = new Map<WorkspaceName, WorkspaceState>()
  const reports: SourceReport[] = []
  for (const [i, source] of chosen.entries()) {
    signal.throwIfAborted()
    onProgress(`planning ${source.name} (${i + 1} of ${chosen.length})`)
    try {
      const known = states.get(source.workspace)
      const state = known ?? (await openWorkspaceState(parts, config, source.workspace))
      states.set(source.workspace, state)
      if (!known) await readSiblings(context, state, source, signal)
      reports.push(await planSource(context, source, state, signal))
    } catch (error) {
      signal.throwIfAborted()
      reports.push({ kind: "failed", source, message: parts.secrets.mask(toError(error).message) })
    }
  }
  return reports
}

async function planSource(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  signal: AbortSignal,
): Promise<SourceReport> {
  const taken = { source: source.name, trigger: "start", requestedAt: null } as const
  const decision = await decide({ context, source, workspace, taken }, signal)
  if ("suspend" in decision) return { kind: "suspended", source, suspend: decision.suspend }
  const { plan, hold, pin } = decision
  return { kind: "planned", source, plan, hold, pin, held: heldBy(decision) }
}

function heldBy({ plan, allowed }: Decision): ReadonlySet<DeploymentKey> {
  const free = new Set(allowed)
  return new Set(plan.changes.filter((change) => !free.has(change)).map(({ key }) => key))
}

function contextOf(parts: PlanParts, { config, chosen, workingTree }: PlanRequest): TurnContext {
  const { git, render, images, secrets, clock } = parts
  const [only] = chosen
  return {
    installation: config.installation,
    version,
    instance: randomUUID(),
    git: workingTree !== null && only ? withWorkTree(git, only.remote, workingTree) : git,
    render,
    images,
    bulkheads: new Bulkheads(clock),
    secrets,
    clock,
    events: new Events(() => undefined),
  }
}

/** One remote is read from a folder, the others as always. */
function withWorkTree(git: GitPort, remote: Remote, folder: string): GitPort {
  const workTree = new WorkTree(folder, git)
  const of = (asked: Remote): GitPort => (asked === remote ? workTree : git)
  return {
    resolve: (...asked) => of(asked[0]).resolve(...asked),
    tree: (...asked) => of(asked[0]).tree(...asked),
    blobs: (...asked) => of(asked[0]).blobs(...asked),
  }
}

async function openWorkspaceState(parts: PlanParts, config: Config, name: WorkspaceName): Promise<WorkspaceState> {
  const workspace = config.workspaces.find((entry) => entry.name === name)
  if (!workspace) throw new Error(`the config has no workspace "${name}"`)
  const port = await parts.workspace(workspace)
  const { driftIntervalMs, listIntervalMs } = workspace
  const snapshots = new Snapshots(port, parts.clock, listIntervalMs)
  const state = openState({ name, port, snapshots, driftIntervalMs })
  for (const source of config.sources) if (source.workspace === name) memoryOf(state, source)
  return state
}
