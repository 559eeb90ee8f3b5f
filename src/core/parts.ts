import type { Json, JsonObject } from "./json.ts"
import type { DeploymentKey, Instant } from "./nouns.ts"

/** What deployments are made of beside plain values. */

export interface ConcurrencyOptions {
  readonly collisionStrategy: string
  /** Seconds; null = the server's default. */
  readonly gracePeriodSeconds: number | null
}

export type ScheduleSpec =
  | { readonly kind: "cron"; readonly cron: string; readonly timezone: string | null; readonly dayOr: boolean }
  | {
      readonly kind: "interval"
      /** Seconds, microsecond precision. */
      readonly seconds: number
      /** Desired: null = not declared, the live anchor stays. Live: always an instant. */
      readonly anchor: Instant | null
      readonly timezone: string | null
    }
  | { readonly kind: "rrule"; readonly rrule: string; readonly timezone: string | null }

export interface Schedule {
  readonly slug: string | null
  readonly spec: ScheduleSpec
  /** Desired: null = not declared, the live value stays (true at creation). */
  readonly active: boolean | null
  /** Desired: null = not declared, the live value stays ({} at creation). */
  readonly parameters: JsonObject | null
}

export interface LiveSchedule extends Schedule {
  readonly id: string
  readonly active: boolean
  readonly parameters: JsonObject
}

/**
 * Prefect's automation, as far as an entry's `triggers:` makes one: it waits for something and then starts the
 * deployment.
 */
export interface Automation {
  readonly name: string
  readonly description: string
  /** Desired: null = not declared, the live value stays (true at creation). */
  readonly enabled: boolean | null
  /** What it waits for, in Prefect's own words. */
  readonly trigger: JsonObject
  /** What it does, in Prefect's own words; the id of its own deployment is left out. */
  readonly actions: readonly Json[]
  /** What it does when it fires and when it resolves, in Prefect's own words; nothing that a manifest can say. */
  readonly reactions: JsonObject
}

export interface LiveAutomation extends Automation {
  readonly id: string
  /** The deployment that it acts on. */
  readonly key: DeploymentKey
  readonly enabled: boolean
  readonly created: Instant
  readonly updated: Instant
  /** All tags, control tags included. */
  readonly tags: readonly string[]
  /** It does nothing but start that deployment. */
  readonly startsOnly: boolean
}

export interface SchedulePatch {
  readonly slug: string
  readonly spec: ScheduleSpec
  /** Absent = the live value stays (true for a new one). */
  readonly active?: boolean
  /** Always sent: a PATCH without them resets them to {}. */
  readonly parameters: JsonObject
}

/** What apply does to one automation of a deployment; a replacement is decided for one very state of it. */
export type AutomationWrite =
  | { readonly kind: "make"; readonly automation: Automation; readonly tags: readonly string[] }
  | {
      readonly kind: "replace"
      readonly live: LiveAutomation
      readonly automation: Automation
      readonly tags: readonly string[]
    }
  | { readonly kind: "remove"; readonly live: LiveAutomation }
