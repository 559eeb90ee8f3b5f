import { emptyRecord, type SourceRecord } from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { eyesOf, type TurnContext } from "./context.ts"
import { supersededBy } from "./decide.ts"
import { writeRecord } from "./keep-record.ts"
import { memoryOf, type WorkspaceState } from "./memory.ts"
import { readRecord } from "./observe.ts"

/** Why a person's wish isn't carried out; null = it is. */
export type Refusal = { readonly code: string; readonly message: string } | null

/**
 * Changes a source's record on a person's word: suspend, resume, pin, unpin. Read anew first, so that nothing another
 * daemon wrote is lost. @throws PrefectError when the workspace is away: then nothing changed.
 */
export async function changeRecord(
  context: TurnContext,
  place: { readonly source: Source; readonly workspace: WorkspaceState },
  change: Pick<SourceRecord, "suspend"> | Pick<SourceRecord, "pin">,
  signal: AbortSignal,
): Promise<Refusal> {
  const { recordTurn } = memoryOf(place.workspace, place.source)
  return recordTurn.run(() => changeNow(context, place, change, signal), signal)
}

async function changeNow(
  context: TurnContext,
  place: { readonly source: Source; readonly workspace: WorkspaceState },
  change: Pick<SourceRecord, "suspend"> | Pick<SourceRecord, "pin">,
  signal: AbortSignal,
): Promise<Refusal> {
  const { source, workspace } = place
  const memory = memoryOf(workspace, source)
  memory.sight.record = null
  const record = await readRecord(eyesOf(context, workspace), source, memory.sight, signal)
  const superseded = supersededBy(context, memory, record)
  if (superseded) return refusals[superseded]
  memory.overwritten.add(record?.instance ?? "")
  const own = { source: `${context.installation}/${source.name}`, instance: context.instance, released: null }
  const next = { ...emptyRecord, ...record, ...change, ...own }
  await writeRecord(context, place, next, signal)
  return null
}

const refusals = {
  newer: { code: "superseded", message: "a newer daemon of this installation works on this source: ask that one" },
  released: {
    code: "superseded",
    message: "the source was released while this daemon runs: start it anew to take the source up again",
  },
} as const

/** Releases a hold for the next turn, if it is still the one that the person saw. */
export function confirmHold(
  place: { readonly source: Source; readonly workspace: WorkspaceState },
  digest: string,
): Refusal {
  const memory = memoryOf(place.workspace, place.source)
  if (memory.hold?.reasons.some(({ code }) => code === "superseded")) {
    return { code: "superseded", message: "this daemon stands back, so there is nothing to confirm here" }
  }
  if (memory.hold?.digest !== digest) {
    const now = memory.hold ? `the hold is now ${memory.hold.digest}` : "nothing is held"
    return { code: "digest-mismatch", message: `${now}: look at the status again and confirm what it shows` }
  }
  memory.confirmed = digest
  return null
}
