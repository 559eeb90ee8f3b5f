import { activeAt } from "../core/record.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import { eyesOf, type TurnContext } from "./context.ts"
import { declaredBy, type Declared, type SourceMemory, type WorkspaceState } from "./memory.ts"
import { readEarlier } from "./earlier.ts"
import { readEnv, readIndex, readRecord } from "./observe.ts"

/** Polled now: a move is two commits, and what was seen a moment ago may be from before the second. */
const siblingAgeMaxMs = 0

/** What is later than this counts as it was last read; it is tried again at the next turn that needs it. */
const readMaxMs = 5_000

/**
 * Reads what every other source of the workspace declares now, suspended ones too: an orphan here may just have moved
 * there. Side by side, so that one that hangs costs no more than itself; one that can't be read counts as it was last read.
 */
export async function readSiblings(
  context: TurnContext,
  workspace: WorkspaceState,
  source: Source,
  signal: AbortSignal,
): Promise<void> {
  const others = [...workspace.sources.values()].filter((one) => one.source.name !== source.name)
  await Promise.all(
    others.map(async (memory) => {
      if (memory.source.decommission) return
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(readMaxMs)])
      try {
        memory.declared = await readDeclared(context, workspace, memory, inTime)
        memory.failing = false
      } catch {
        memory.failing = true
      }
    }),
  )
  signal.throwIfAborted()
}

async function readDeclared(
  context: TurnContext,
  workspace: WorkspaceState,
  { source, sight, declared }: SourceMemory,
  signal: AbortSignal,
): Promise<Declared> {
  const eyes = eyesOf(context, workspace)
  // Also who is suspended or pinned must be known by now, and after a start this may be the first look at it.
  const record = await readRecord(eyes, source, sight, signal)
  const pin = activeAt(record?.pin ?? null, isoTime(context.clock.now()))
  const ref = pin ? ({ kind: "commit", id: pin.revision } as const) : source.ref
  const { revision, branch } = await context.git.resolve(source.remote, ref, siblingAgeMaxMs, signal)
  const index = await readIndex(eyes, source, { revision, sight }, signal)
  const variables = index.variables.size > 0 ? await eyes.port.variables(index.variables, signal) : new Map()
  const { paths: earlier } = await readEarlier(eyes, source, { index, sight }, signal)
  const env = await readEnv(eyes.secrets, source)
  const inputs = { branch, env, variables, images: new Map(), earlier, pins: new Map() }
  return declaredBy(await context.render.bind(index, inputs, source), declared)
}
