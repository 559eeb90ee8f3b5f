import type { AutomationWrite, DeploymentId, LiveAutomation, LiveDeployment } from "../core/model.ts"
import { PrefectError } from "../lib/errors.ts"
import type { WorkspacePort } from "./ports.ts"

export interface RefusedAutomation {
  readonly name: string
  readonly error: PrefectError
}

/** What acts on the deployment now, where the write is about that; null = the write isn't. */
export async function readForWrite(
  port: WorkspacePort,
  live: LiveDeployment,
  writes: readonly AutomationWrite[],
  signal: AbortSignal,
): Promise<readonly LiveAutomation[] | null> {
  return writes.length > 0 ? port.automations.read(live, signal) : null
}

/** Whether they are those that the write was decided about. */
export function sameAutomations(now: readonly LiveAutomation[], expected: readonly LiveAutomation[] | null): boolean {
  const known = new Set((expected ?? []).map((one) => stateOf(one)))
  return now.length === known.size && now.every((one) => known.has(stateOf(one)))
}

/** Before the deployment's own write: while its mark still says that some may be there. */
export async function removeAutomations(
  port: WorkspacePort,
  writes: readonly AutomationWrite[],
  signal: AbortSignal,
): Promise<void> {
  for (const write of writes) if (write.kind === "remove") await port.automations.remove(write.live.id, signal)
}

/**
 * After the deployment's own write, so that what they start is as Git says. One that Prefect refuses keeps none of the
 * others from being written; the first of these errors is returned. @throws PrefectError what a later try may heal
 */
export async function writeAutomations(
  port: WorkspacePort,
  id: DeploymentId,
  writes: readonly AutomationWrite[],
  signal: AbortSignal,
): Promise<RefusedAutomation | null> {
  let refusal: RefusedAutomation | null = null
  for (const write of writes) {
    try {
      await writeOne(port, id, write, signal)
    } catch (error) {
      if (!(error instanceof PrefectError) || error.kind !== "stalled") throw error
      refusal ??= { name: nameOf(write), error }
    }
  }
  return refusal
}

function nameOf(write: AutomationWrite): string {
  return write.kind === "remove" ? write.live.name : write.automation.name
}

async function writeOne(
  port: WorkspacePort,
  id: DeploymentId,
  write: AutomationWrite,
  signal: AbortSignal,
): Promise<void> {
  if (write.kind === "make") await port.automations.make(id, write.automation, write.tags, signal)
  if (write.kind === "replace")
    await port.automations.replace({ id, automationId: write.live.id }, write.automation, write.tags, signal)
}

function stateOf({ id, updated }: LiveAutomation): string {
  return `${id} ${updated}`
}
