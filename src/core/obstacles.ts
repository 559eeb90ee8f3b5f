/** What stands in the way of deleting a deployment. */
export interface Obstacles {
  /** Names of automations that act on it. */
  readonly automations: readonly string[]
  /** Runs that a person or an automation scheduled. */
  readonly manualRuns: number
  /** Runs that are pending, running, or being cancelled. */
  readonly activeRuns: number
}
