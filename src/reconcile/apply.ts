import type { Change, DeploymentPatch, Write } from "../core/change.ts"
import { diffFields } from "../core/drift.ts"
import type { DeploymentId, LiveDeployment, Problem } from "../core/model.ts"
import { problemOf, type ProblemCode } from "../core/problems.ts"
import { buildCreate } from "../core/write.ts"
import { readingOf, type Clock } from "../lib/clock.ts"
import { PrefectError, toError } from "../lib/errors.ts"
import { Fence, FencedError, type Ask } from "../lib/fence.ts"
import { changedMeanwhile, done, dropped, isAsExpected, type Applied } from "./applied.ts"
import {
  readForWrite,
  removeAutomations,
  sameAutomations,
  writeAutomations,
  type RefusedAutomation,
} from "./automations.ts"
import type { WorkspacePort } from "./ports.ts"
import { fenceOn, prune, retire, veto, type Hands } from "./remove.ts"

type Existing = Extract<Change, { action: "update" | "adopt" | "restore" }>
type Creation = Extract<Change, { action: "create" }>

interface Written {
  readonly trouble: PrefectError | FencedError | null
  readonly refusal: RefusedAutomation | null
}

const rescheduleTriesMax = 4
const rescheduleWaitMs = 500

/** Executes decisions and makes none: reads before it writes, writes once, reads back, brings due runs back. */
export class Applier {
  readonly #port: WorkspacePort
  readonly #clock: Clock
  readonly #hands: Hands

  constructor(hands: Hands) {
    this.#port = hands.port
    this.#clock = hands.clock
    this.#hands = hands
  }

  /** Never throws for what is this one change's trouble; an abort passes through. */
  apply(change: Change, signal: AbortSignal): Promise<Applied> {
    return attempt(change, signal, () => this.#carryOut(change, signal))
  }

  /** Marks an un-paused deployment as vetoed. Never throws either. */
  veto(change: Extract<Change, { action: "retire" }>, signal: AbortSignal): Promise<Applied> {
    return attempt(change, signal, () => veto(this.#hands, change, signal))
  }

  async #carryOut(change: Change, signal: AbortSignal): Promise<Applied> {
    switch (change.action) {
      case "create":
        return this.#create(change, signal)
      case "update":
      case "adopt":
      case "restore":
        return this.#update(change, signal)
      case "retire":
        return retire(this.#hands, change, signal)
      case "prune":
        return prune(this.#hands, change, signal)
      case "keep":
      case "skip":
        return dropped(change, "nothing to write")
    }
  }

  /** 404 by name first, because Prefect's POST is an upsert that wipes schedules and parameters of what exists. */
  async #create(change: Creation, signal: AbortSignal): Promise<Applied> {
    const { flow, name } = change.desired
    const isTaken: Ask = async (signal) => ((await this.#port.find(flow, name, signal)) ? "somebody created it" : null)
    const fence = fenceOn(this.#hands, signal, isTaken)
    const found = await this.#port.find(flow, name, signal)
    // Nobody's and maybe outside the listing, so what was found is told: else the next plan would create it again.
    if (found) return { ...dropped(change, "somebody created it meanwhile"), live: found }
    const { live, existed } = await this.#createOrFind(change, fence.signal)
    if (!existed) return this.#equip(change, live, signal)
    const message = "somebody created it in the same moment; its schedules and parameters were replaced by Git's"
    const problem = problemOf("created-over-existing", message, change.key) as Problem
    return { result: { change, result: "failed", problem, transient: true }, live, stillDiffers: [] }
  }

  /** Should one of its automations fail, the deployment is there, and the next turn makes what is missing. */
  async #equip(change: Creation, live: LiveDeployment, signal: AbortSignal): Promise<Applied> {
    if (change.automations.length === 0) return { ...done(change, live.id, this.#clock), live }
    const refusal = await writeAutomations(this.#port, live.id, change.automations, signal)
    const automations = await this.#port.automations.read(live, signal)
    const outcome = refusal ? withoutTrigger(change, refusal) : done(change, live.id, this.#clock)
    return { ...outcome, live: { ...live, fields: { ...live.fields, automations } } }
  }

  /** A create whose answer got lost is never sent again blindly: what is there now tells whether it arrived. */
  async #createOrFind(change: Creation, signal: AbortSignal): Promise<{ live: LiveDeployment; existed: boolean }> {
    try {
      return await this.#port.create(buildCreate(change.desired, change.tags), signal)
    } catch (error) {
      if (!(error instanceof PrefectError) || error.code !== "answer-lost") throw error
      const { flow, name } = change.desired
      const live = await this.#port.find(flow, name, signal)
      if (live && change.tags.every((tag) => live.allTags.includes(tag))) return { live, existed: false }
      throw error
    }
  }

  async #update(change: Existing, signal: AbortSignal): Promise<Applied> {
    const { live: expected, write } = change
    let isTouched = false
    const fence = fenceOn(this.#hands, signal, async (signal) => {
      const now = await this.#port.read(expected.id, signal)
      // What we have written ourselves moves what it is compared by; its record still says whose it is.
      return now && (isTouched || isAsExpected(now, expected)) ? null : changedMeanwhile
    })
    const before = await this.#port.read(expected.id, signal)
    if (!before || !isAsExpected(before, expected)) {
      return { ...dropped(change, changedMeanwhile), live: before }
    }
    const automations = await readForWrite(this.#port, expected, write.automations, signal)
    if (automations && !sameAutomations(automations, expected.fields.automations)) {
      const live = { ...before, fields: { ...before.fields, automations } }
      return { ...dropped(change, "its automations changed since they were looked at"), live }
    }
    const since = await this.#port.runsDueSince(expected.id, signal)
    const written = await this.#write(expected.id, write, { signal: fence.signal, touch: () => (isTouched = true) })
    await readForWrite(this.#port, expected, write.automations, signal)
    const after = await this.#port.read(expected.id, signal)
    if (!after) return { ...dropped(change, "it was deleted right after the write"), live: null }
    if (touchesRuns(write)) await this.#reschedule(after, since, signal)
    return this.#outcome(change, written, after)
  }

  /** What a write came to, as what was read back shows it. */
  #outcome(change: Existing, { trouble, refusal }: Written, after: LiveDeployment): Applied {
    const { write } = change
    const fields = diffFields(write.wanted, after.fields).map(({ field }) => field)
    const arrived = fields.length === 0 && (write.patch.tags ?? []).every((tag) => after.allTags.includes(tag))
    const isThere = trouble instanceof PrefectError && trouble.code === "answer-lost" && arrived
    if (trouble && !isThere) throw trouble
    if (refusal) return { ...withoutTrigger(change, refusal), live: after }
    return { ...done(change, after.id, this.#clock), live: after, stillDiffers: [...new Set(fields)] }
  }

  /**
   * Returns the error when something may have been written all the same (the answer got lost, or an earlier step went
   * through): then scheduled runs are gone that must be brought back first. Beside it the refusal of an automation.
   */
  async #write(
    id: DeploymentId,
    write: Write,
    { signal, touch }: { readonly signal: AbortSignal; readonly touch: () => void },
  ): Promise<Written> {
    let touched = false
    const wrote = (): void => {
      touched = true
      touch()
    }
    try {
      for (const { id: scheduleId, ...patch } of write.nameSchedules) {
        await this.#port.patchSchedule(id, scheduleId, patch, signal)
        wrote()
      }
      for (const scheduleId of write.removeSchedules) {
        await this.#port.removeSchedule(id, scheduleId, signal)
        wrote()
      }
      await removeAutomations(this.#port, write.automations, signal)
      touched ||= write.automations.some(({ kind }) => kind === "remove")
      if (!isEmpty(write.patch)) {
        await this.#port.patch(id, write.patch, signal)
        wrote()
      }
      return { trouble: null, refusal: await writeAutomations(this.#port, id, write.automations, signal) }
    } catch (error) {
      const arrived = error instanceof PrefectError && error.code === "answer-lost"
      const ours = error instanceof PrefectError || error instanceof FencedError
      if (ours && (touched || arrived)) return { trouble: error, refusal: null }
      throw error
    }
  }

  /**
   * Any write deletes the future scheduled runs, and one that falls due before the scheduler is back is lost for good,
   * so they are asked for at once. On a paused deployment this would create runs, so not there.
   */
  async #reschedule(live: LiveDeployment, since: string, signal: AbortSignal): Promise<void> {
    if (live.fields.paused || !live.fields.schedules.some(({ active }) => active)) return
    const fence = new Fence(this.#clock, signal, [{ ask: this.#whyNoRuns(live.id), read: readingOf(this.#clock) }])
    for (let tries = 1; ; tries++) {
      try {
        return await this.#port.reschedule(live.id, since, fence.signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof FencedError) return
        if (tries >= rescheduleTriesMax) throw error
        await this.#clock.sleep(rescheduleWaitMs * 2 ** tries, signal)
      }
    }
  }

  #whyNoRuns(id: DeploymentId): Ask {
    return async (signal) => {
      const now = await this.#port.read(id, signal)
      return !now || now.fields.paused ? "it doesn't run any more" : null
    }
  }
}

async function attempt(change: Change, signal: AbortSignal, work: () => Promise<Applied>): Promise<Applied> {
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof FencedError) return dropped(change, error.message)
    return failed(change, toError(error))
  }
}

/** Even an empty PATCH re-makes the scheduled runs, so it isn't sent. */
function isEmpty({ fields, tags, schedules }: DeploymentPatch): boolean {
  return Object.keys(fields).length === 0 && !tags && !schedules
}

/** Automations have routes of their own, which leave the scheduled runs alone. */
function touchesRuns({ patch, nameSchedules, removeSchedules }: Write): boolean {
  return !isEmpty(patch) || nameSchedules.length + removeSchedules.length > 0
}

function failed(change: Change, error: Error): Applied {
  const transient = !(error instanceof PrefectError) || error.kind === "transient"
  const problem = problemFor(change, transient ? "write-failed" : "refused", detailOf(error))
  return { result: { change, result: "failed", problem, transient }, stillDiffers: [] }
}

/** All but an automation of its triggers is written, and stays managed. */
function withoutTrigger(change: Change, { name, error }: RefusedAutomation): Applied {
  const problem = problemFor(change, "trigger-refused", `"${name}": ${detailOf(error)}`)
  return { result: { change, result: "failed", problem, transient: false, field: "automations" }, stillDiffers: [] }
}

function problemFor(change: Change, code: ProblemCode, message: string): Problem {
  const at = "desired" in change ? change.desired.at : {}
  return { ...problemOf(code, message, change.key), ...at } as Problem
}

function detailOf(error: Error): string {
  return error instanceof PrefectError && error.detail ? `${error.message}: ${error.detail}` : error.message
}
