/**
 * What `lockstep import` says about a deployment beside the rules of manifests: why it is left out, or what of it is. Codes
 * are stable words, as those of `manifest/rules.ts` are.
 */
export const exportCodes = {
  "already-owned": "A source of Lockstep owns it, so its manifest is elsewhere; it is left out.",
  "already-declared": "Another manifest of this checkout declares it; it is left out.",
  "flow-elsewhere": "The entrypoint names another flow in this checkout; it is left out.",
  "not-sayable": "Something that every entry has can't be said as it is live; it is left out.",
  "field-left-out": "A field can't be said as it is live; it stays as it is in Prefect, unmanaged.",
  "secret-left-out": "A field has what looks like a secret where no placeholder can stand; it isn't said.",
  "text-hidden": "A part of a longer text looks like a secret; a placeholder stands for the whole text.",
  "trigger-left-out": "An automation that acts on it does something else than start it; it stays as it is.",
  "limit-left-out": "A concurrency limit that is shared is attached, which no manifest can name; it stays attached.",
  "flow-differs": "The flow in this checkout says something else than is live; it would be changed, so it is held.",
} as const

export type ExportCode = keyof typeof exportCodes
