import type { Change } from "../core/change.ts"
import { managedTag, ownerTag, type Owner } from "../core/mark.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import { ownedBy } from "../core/owned.ts"
import { emptyRecord, parseRecord, recordJson, recordName, type Released, type SourceRecord } from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import type { TurnContext } from "./context.ts"
import { supersededBy } from "./decide.ts"
import type { SourceMemory, WorkspaceState } from "./memory.ts"
import { nothingMore } from "./snapshots.ts"

/** A source that the config no longer has, as the loop knew it. */
export interface Left {
  readonly source: SourceName
  readonly workspace: WorkspaceState
  readonly memory: SourceMemory
  /** Its last turn, where that isn't over yet. */
  readonly ended: Promise<void> | undefined
}

/**
 * Writes down that a source left its config, so that others may take over what it owned. Only where this daemon is the
 * one that worked on it and may write: a copy that is taken away says nothing about the original. @throws PrefectError
 */
export async function releaseLeft(context: TurnContext, left: Left, signal: AbortSignal): Promise<void> {
  const { source, workspace, memory } = left
  if (!memory.source.apply) return
  const owner = { installation: context.installation, source }
  const record = await readOwn(workspace, owner, signal)
  if (!record || record.released || supersededBy(context, memory, record)) return
  await write(
    workspace,
    owner,
    { ...record, released: { by: "its config", since: isoTime(context.clock.now()) } },
    signal,
  )
}

/**
 * Writes down that a source goes by another name now, before what bears the old one is taken: a daemon that still has the
 * old one stands back, where the two would take turns with each other for ever. @throws PrefectError
 */
export async function releaseFormer(
  context: TurnContext,
  { source, workspace }: { readonly source: Source; readonly workspace: WorkspaceState },
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<void> {
  const taken = new Set(changes.map((change) => "former" in change && change.former?.owner.source))
  for (const name of source.formerly.filter((one) => taken.has(one))) {
    const owner = { installation: context.installation, source: name }
    const record = await readOwn(workspace, owner, signal)
    if (record?.released) continue
    const released: Released = { by: `source ${source.name}, its new name`, since: isoTime(context.clock.now()) }
    await write(workspace, owner, { ...(record ?? emptyRecord), source: ownerText(owner), released }, signal)
  }
}

/**
 * Writes down, on a person's word, that a source is gone; its record is made if there is none. False = nothing in the
 * workspace bears its mark, and it has no record: the name may be misspelt. @throws PrefectError
 */
async function releaseByHand(
  context: TurnContext,
  workspace: WorkspaceState,
  { source, by }: { readonly source: SourceName; readonly by: string },
  signal: AbortSignal,
): Promise<boolean> {
  const owner = { installation: context.installation, source }
  const record = await readOwn(workspace, owner, signal)
  if (!record && !(await ownsAny(workspace, owner, signal))) return false
  const released: Released = { by, since: isoTime(context.clock.now()) }
  await write(workspace, owner, { ...(record ?? emptyRecord), source: ownerText(owner), released }, signal)
  return true
}

export interface ReleasedIn {
  readonly workspaces: readonly WorkspaceName[]
  /** Those that couldn't be asked, with the reason. */
  readonly failed: readonly { readonly workspace: WorkspaceName; readonly error: unknown }[]
}

/** In every workspace that knows it; one that is away doesn't keep the others waiting longer than its own time-out. */
export async function releaseEverywhere(
  context: TurnContext,
  workspaces: readonly WorkspaceState[],
  wish: { readonly source: SourceName; readonly by: string },
  signal: AbortSignal,
): Promise<ReleasedIn> {
  const results = await Promise.allSettled(workspaces.map((one) => releaseByHand(context, one, wish, signal)))
  return {
    workspaces: workspaces.filter((_one, n) => isFulfilled(results[n])).map(({ name }) => name),
    failed: workspaces.flatMap(({ name: workspace }, n) => {
      const result = results[n]
      return result?.status === "rejected" ? [{ workspace, error: result.reason as unknown }] : []
    }),
  }
}

function isFulfilled(result: PromiseSettledResult<boolean> | undefined): boolean {
  return result?.status === "fulfilled" && result.value
}

function ownerText({ installation, source }: Owner): string {
  return `${installation}/${source}`
}

async function ownsAny({ snapshots }: WorkspaceState, owner: Owner, signal: AbortSignal): Promise<boolean> {
  const snapshot = await snapshots.current(nothingMore, { listedAfter: -Infinity, lookedAfter: Infinity }, signal)
  return ownedBy(owner, snapshot).length > 0
}

async function readOwn({ port }: WorkspaceState, owner: Owner, signal: AbortSignal): Promise<SourceRecord | null> {
  const found = await port.variable(recordName(owner), signal)
  return found && (parseRecord(found.value) ?? emptyRecord)
}

async function write({ port }: WorkspaceState, owner: Owner, record: SourceRecord, signal: AbortSignal): Promise<void> {
  await port.writeVariable(recordName(owner), recordJson(record), [managedTag, ownerTag(owner)], signal)
}
