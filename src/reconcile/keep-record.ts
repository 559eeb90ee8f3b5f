import { managedTag, ownerTag } from "../core/mark.ts"
import type { Problem } from "../core/model.ts"
import {
  activeAt,
  emptyRecord,
  isSourceChanged,
  parseRecord,
  recordJson,
  recordName,
  refText,
  selectionDigest,
  type SourceRecord,
} from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { ageMs, isoTime, readingOf } from "../lib/clock.ts"
import { toError } from "../lib/errors.ts"
import type { Ask, Ground } from "../lib/fence.ts"
import { eyesOf, type TurnContext } from "./context.ts"
import { supersededBy, type Decision } from "./decide.ts"
import { memoryOf, type SourceMemory, type WorkspaceState } from "./memory.ts"
import { readRecord } from "./observe.ts"

/**
 * Puts this start's id into the record before the first write of a source, so that an older daemon finds it there and
 * stands back. Written once for a source and start, read before each turn that writes: what was read with the listing
 * may be minutes old. Returns why nothing may be written, or null.
 */
export async function claimSource(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  { decision, signal }: { readonly decision: Decision; readonly signal: AbortSignal },
): Promise<string | null> {
  const { recordTurn } = memoryOf(workspace, source)
  return recordTurn.run(() => claim(context, { source, workspace }, decision, signal), signal)
}

async function claim(
  context: TurnContext,
  { source, workspace }: { readonly source: Source; readonly workspace: WorkspaceState },
  decision: Decision,
  signal: AbortSignal,
): Promise<string | null> {
  const memory = memoryOf(workspace, source)
  const before = await readAnew(context, source, workspace, signal)
  const obstacle = obstacleIn(context, memory, before)
  if (obstacle !== null) return obstacle
  memory.overwritten.add(before?.instance ?? "")
  const after = { ...named(context, source, before), ...placeOf(context, source, before, { decision, allDone: false }) }
  if (JSON.stringify(after) !== JSON.stringify(before)) await writeRecord(context, { source, workspace }, after, signal)
  return null
}

function obstacleIn(context: TurnContext, memory: SourceMemory, record: SourceRecord | null): string | null {
  if (supersededBy(context, memory, record)) return "another daemon works on this source, or it was released"
  return activeAt(record?.suspend ?? null, isoTime(context.clock.now())) ? "the source has just been suspended" : null
}

/** The record as writes rest on it. Asked again, nothing of it is kept: others may be writing it right now. */
export function recordGround(context: TurnContext, source: Source, workspace: WorkspaceState): Ground {
  const memory = memoryOf(workspace, source)
  const name = recordName({ installation: context.installation, source: source.name })
  const ask: Ask = async (signal) => {
    const found = await workspace.port.variable(name, signal)
    return obstacleIn(context, memory, parseRecord(found?.value))
  }
  return { ask, read: memory.sight.record?.read ?? readingOf(context.clock) }
}

/** A record that was read this recently, in the same turn as a rule, isn't read again before a write. */
const recordAgeMaxMs = 3_000

async function readAnew(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  signal: AbortSignal,
): Promise<SourceRecord | null> {
  const { sight } = memoryOf(workspace, source)
  if (sight.record && ageMs(context.clock, sight.record.read) > recordAgeMaxMs) sight.record = null
  return readRecord(eyesOf(context, workspace), source, sight, signal)
}

/** What a turn came to, as far as the record is concerned. */
interface Ended {
  readonly decision: Decision
  readonly allDone: boolean
}

/** Writes what a turn made true into the record, when it differs. A failure is told and tried again, never fatal. */
export async function keepRecord(
  context: TurnContext,
  source: Source,
  workspace: WorkspaceState,
  { signal, ...ended }: Ended & { readonly signal: AbortSignal },
): Promise<readonly Problem[]> {
  const memory = memoryOf(workspace, source)
  const known = memory.sight.record?.record ?? null
  if (JSON.stringify(nextRecord(context, source, known, ended)) === JSON.stringify(known)) return []
  try {
    await memory.recordTurn.run(async () => {
      // Read again first: what another daemon wrote meanwhile must not be lost.
      const before = await readAnew(context, source, workspace, signal)
      if (supersededBy(context, memory, before)) return
      memory.overwritten.add(before?.instance ?? "")
      await writeRecord(context, { source, workspace }, nextRecord(context, source, before, ended), signal)
    }, signal)
    return []
  } catch (error) {
    signal.throwIfAborted()
    return [{ severity: "warning", code: "record-not-written", message: toError(error).message }]
  }
}

function nextRecord(
  context: TurnContext,
  source: Source,
  before: SourceRecord | null,
  { decision, allDone }: Ended,
): SourceRecord {
  const now = isoTime(context.clock.now())
  return {
    ...named(context, source, before),
    ...placeOf(context, source, before, { decision, allDone }),
    ...(allDone && { desired: decision.desired.digest }),
    // What this version would render otherwise is looked at by a person first, also after another start.
    ...(!isHeld(decision, "mass-update") && { version: context.version }),
    suspend: activeAt(before?.suspend ?? null, now),
    pin: activeAt(before?.pin ?? null, now),
  }
}

/**
 * Where a source is read from, by which daemon, and the commit whose manifests what it owns came from: true before the
 * first write that follows from it, so that a daemon killed in between finds what an undisturbed one would know.
 */
function placeOf(
  context: TurnContext,
  source: Source,
  before: SourceRecord | null,
  ended: Ended,
): Partial<SourceRecord> {
  const { owned, released, earlier, revision } = ended.decision
  // Recorded only when nothing it owns is missing there, or a person said so.
  const settled = released.includes("source-changed") || owned.length === 0 || nothingMissing(ended.decision)
  const isHere = settled || (!isSourceChanged(before, source, owned.length) && earlier.known)
  return {
    ...(settled && { url: source.remote.url, ref: refText(source.ref), selection: selectionDigest(source) }),
    ...(isHere && movesOn(context, source, before, ended) && { revision }),
    // Also without a write to a deployment: an older daemon stands back as soon as it finds this start's id.
    instance: context.instance,
  }
}

/** Whether the record is to name this commit: at each start, with a new Desired, and when manifests stand elsewhere. */
function movesOn(
  context: TurnContext,
  source: Source,
  before: SourceRecord | null,
  { decision: { desired, owned, manifests, earlier, revision }, allDone }: Ended,
): boolean {
  if (source.decommission || before?.revision === revision) return false
  // Of what couldn't be read nobody knows whether it went; only where nothing is owned, nothing can go.
  if (desired.kind === "partial" && owned.length > 0) return false
  if (!before?.revision || before.instance !== context.instance) return true
  const moved = manifests.length !== earlier.paths.length || manifests.some((path, i) => path !== earlier.paths[i])
  return moved || (allDone && before.desired !== desired.digest)
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
  memoryOf(workspace, source).sight.record = {
    generation: workspace.snapshots.generation,
    read: readingOf(context.clock),
    record,
  }
  memoryOf(workspace, source).sight.unreleased ||= record.released === null
}

function named(context: TurnContext, source: Source, before: SourceRecord | null): SourceRecord {
  // Configured and working: whatever was released is taken up again.
  const own = { source: `${context.installation}/${source.name}`, released: null }
  return { ...emptyRecord, ...before, ...own }
}

function isHeld({ hold }: Decision, code: string): boolean {
  return hold?.reasons.some((reason) => reason.code === code) ?? false
}

function nothingMissing({ desired, owned }: Decision): boolean {
  return desired.kind === "complete" && owned.every(({ key }) => desired.deployments.has(key))
}
