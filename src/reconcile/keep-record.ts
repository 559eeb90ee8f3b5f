import { managedTag, ownerTag } from "../core/mark.ts"
import type { Problem } from "../core/model.ts"
import {
  activeAt,
  emptyRecord,
  recordJson,
  recordName,
  refText,
  selectionDigest,
  type SourceRecord,
} from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import { toError } from "../lib/errors.ts"
import type { TurnContext } from "./context.ts"
import type { Decision } from "./decide.ts"
import { memoryOf, type WorkspaceState } from "./memory.ts"

/**
 * Puts this start's id into the record before the first write of a source, so that an older daemon finds it there and
 * stands back. Once for a source and start.
 */
export async function claimSource(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  signal: AbortSignal,
): Promise<void> {
  const { sight, overwritten } = memoryOf(workspace, source)
  const before = sight.record?.record ?? null
  if (before?.instance === context.instance) return
  overwritten.add(before?.instance ?? "")
  await writeRecord(
    context,
    { source, workspace },
    { ...named(context, source, before), instance: context.instance },
    signal,
  )
}

/** Writes what a turn made true into the record, when it differs. A failure is told and tried again, never fatal. */
export async function keepRecord(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  {
    decision,
    allDone,
    signal,
  }: { readonly decision: Decision; readonly allDone: boolean; readonly signal: AbortSignal },
): Promise<readonly Problem[]> {
  const { sight, overwritten } = memoryOf(workspace, source)
  const before = sight.record?.record ?? null
  const now = isoTime(context.clock.now())
  // Where the source is read from is recorded only when nothing it owns is missing there, or a person said so.
  const settled = decision.released || nothingMissing(decision)
  const next: SourceRecord = {
    ...named(context, source, before),
    ...(settled && { url: source.remote.url, ref: refText(source.ref), selection: selectionDigest(source) }),
    ...(allDone && { desired: decision.desired.digest }),
    // Also without a write to a deployment: an older daemon stands back as soon as it finds this start's id.
    instance: context.instance,
    suspend: activeAt(before?.suspend ?? null, now),
    pin: activeAt(before?.pin ?? null, now),
  }
  if (JSON.stringify(next) === JSON.stringify(before)) return []
  try {
    if (before?.instance !== context.instance) overwritten.add(before?.instance ?? "")
    await writeRecord(context, { source, workspace }, next, signal)
    return []
  } catch (error) {
    signal.throwIfAborted()
    return [{ severity: "warning", code: "record-not-written", message: toError(error).message }]
  }
}

/** @throws PrefectError when the workspace doesn't take it. */
export async function writeRecord(
  context: TurnContext,
  { source, workspace }: { readonly source: Source; readonly workspace: WorkspaceState },
  record: SourceRecord,
  signal: AbortSignal,
): Promise<void> {
  const owner = { installation: context.installation, source: source.name }
  await workspace.port.writeVariable(recordName(owner), recordJson(record), [managedTag, ownerTag(owner)], signal)
  memoryOf(workspace, source).sight.record = { generation: workspace.snapshots.generation, record }
}

function named(context: TurnContext, source: Source, before: SourceRecord | null): SourceRecord {
  return { ...emptyRecord, ...before, source: `${context.installation}/${source.name}`, version: context.version }
}

function nothingMissing({ desired, owned }: Decision): boolean {
  return desired.kind === "complete" && owned.every(({ key }) => desired.deployments.has(key))
}
