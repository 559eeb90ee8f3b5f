import type { DeploymentKey, Problem } from "./nouns.ts"

/**
 * The codes of what can go wrong when desired meets live. The codes of what can be wrong in a manifest are in
 * `render/manifest/rules.ts`. Codes are stable words: alerts and scripts may rely on them. `null` = no problem, just why.
 */
export const problemCodes = {
  "entry-has-problem": { severity: null, summary: "Its entry has a problem, so it is neither changed nor removed." },
  "work-pool-not-found": { severity: "error", summary: "The workspace has no such work pool." },
  "work-queue-not-found": {
    severity: "warning",
    summary: "The work pool has no such queue yet; Prefect makes it with the write.",
  },
  "image-unverified": { severity: "warning", summary: "It depends on an image that CI may not have pushed yet." },
  "mark-ambiguous": {
    severity: "error",
    summary: "It carries several owner or mark tags, so nobody can say whose it is.",
  },
  "owned-by-other": {
    severity: "error",
    summary: "Another source owns it, maybe another daemon's; the first owner keeps it until it lets go.",
  },
  "not-adopted": {
    severity: "warning",
    summary: "It, or an automation of it, exists without an owner, and `adopt` leaves it.",
  },
  "field-not-managed": {
    severity: "warning",
    summary: "The server is older than this field, so it isn't written.",
  },
  "triggers-not-managed": {
    severity: "warning",
    summary: "The server is older than 3.4.7, so its automations can't be marked and `triggers` are left alone.",
  },
  "grace-period-not-managed": {
    severity: "warning",
    summary: "The server is older than 3.6.6, so `grace_period_seconds` of a concurrency limit is left out.",
  },
  "drift-reported": { severity: "warning", summary: "It was edited in Prefect, and onDrift: report leaves it." },
  "shared-limit-attached": {
    severity: "warning",
    summary: "A shared concurrency limit is attached and isn't written through.",
  },
  "created-over-existing": { severity: "error", summary: "Somebody created it between our look and our write." },
  unconvergeable: {
    severity: "warning",
    summary: "The field still differs right after a successful write, so it is left alone.",
  },
  "another-writer": {
    severity: "warning",
    summary: "The field was corrected again and again: somebody else writes it too.",
  },
  refused: { severity: "error", summary: "Prefect refused the write; the message has its own words." },
  "trigger-refused": {
    severity: "error",
    summary: "Prefect refused the automation of a trigger; the deployment's other fields are kept right all the same.",
  },
  overdue: {
    severity: "error",
    summary: "The last look is older than three intervals; the message says what it waits for.",
  },
  "write-failed": { severity: "error", summary: "A write failed for now and is tried again." },
  "record-not-written": { severity: "warning", summary: "The source's record couldn't be written; it is tried again." },
  "orphan-unsure": {
    severity: null,
    summary: "Git may no longer have it: something couldn't be read, so nothing is removed.",
  },
  "create-waits": {
    severity: null,
    summary: "Git no longer has it, but what looks like its successor can't be made yet.",
  },
  "removal-off": { severity: null, summary: "Git no longer has it, but prune.mode: off keeps it." },
  claimed: { severity: null, summary: "Git no longer has it here, but another source declares it and takes it over." },
  "claimed-by": {
    severity: null,
    summary: "Git no longer has it here, and the source that declares it can't take it now.",
  },
  "in-grace": { severity: null, summary: "Retired; it is deleted when its grace is over." },
  "waiting-for-run": { severity: null, summary: "Retired and past its grace; its deletion waits for an active run." },
  "opted-out": { severity: null, summary: "Git no longer has it, but gitops-prune=never keeps it." },
} as const satisfies Record<string, { severity: Problem["severity"] | null; summary: string }>

export type ProblemCode = keyof typeof problemCodes

/** The problem for a code, or null when the code is no problem. A code of a manifest rule is an error here. */
export function problemOf(code: ProblemCode, message: string, key: DeploymentKey): Problem | null {
  const severity = (problemCodes[code] as { severity: Problem["severity"] | null } | undefined)?.severity
  return severity === null ? null : { severity: severity ?? "error", code, message, key }
}
