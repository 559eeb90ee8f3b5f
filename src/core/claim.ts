import type { Former } from "./change.ts"
import { isRetired, ownerTag, type Owner } from "./mark.ts"
import type { LiveDeployment } from "./model.ts"
import type { PlanInput, Sibling } from "./plan-input.ts"
import { refText, type SourceRecord } from "./record.ts"
import type { Source } from "./source.ts"

/** How a source may come by what bears another owner's mark. */
export type Claim =
  | { readonly kind: "conflict"; readonly why: string }
  /** Its owner is gone, and said so: it is nobody's. */
  | { readonly kind: "unowned" }
  | { readonly kind: "hand-over"; readonly former: Former }

/** Where a source is read from, as the config or its record says. */
interface Place {
  readonly url: string | null
  readonly ref: string | null
}

/** Whether what bears another owner's mark may be taken, and by which rule. */
export function claimOn(input: PlanInput, owner: Owner, live: LiveDeployment): Claim {
  const isOurs = owner.installation === input.installation
  if (isOurs && input.source.formerly.includes(owner.source)) return handOver({ owner, freely: true, leaves: false })
  const sibling = isOurs ? input.siblings.get(owner.source) : undefined
  return sibling ? claimOnSibling(input, owner, live, sibling) : claimOnStranger(input, owner, live)
}

function claimOnSibling({ source }: PlanInput, owner: Owner, live: LiveDeployment, sibling: Sibling): Claim {
  const freely = takesFreely(source, sibling.source)
  if (isGivenUp(live)) return handOver({ owner, freely, leaves: false })
  if (!sibling.complete) {
    return conflict(
      `source ${owner.source} owns it, and not all of that could be read: it is taken only when it is known`,
    )
  }
  if (!sibling.declares.has(live.key)) return handOver({ owner, freely, leaves: true })
  const { url, ref } = placeOf(sibling.source)
  return conflict(`source ${owner.source} (${url}, ${ref}) owns it and declares it; remove it there first`)
}

/** Another daemon's, or of a source that is gone: only its record can tell. */
function claimOnStranger({ installation, source, records }: PlanInput, owner: Owner, live: LiveDeployment): Claim {
  const isOurs = owner.installation === installation
  const record = records.get(ownerTag(owner)) ?? null
  if (isOurs && record?.released) return { kind: "unowned" }
  if (isGivenUp(live)) return handOver({ owner, freely: mayTakeFreely(source, owner, isOurs, record), leaves: false })
  return conflict(isOurs ? unknownSource(owner, record) : otherInstallation(owner, record))
}

/** Un-paused meanwhile = vetoed by a person: its owner is about to say so. */
function isGivenUp(live: LiveDeployment): boolean {
  return isRetired(live) && live.fields.paused
}

/** One repository and ref is one hand: what moves within it was moved by its authors. */
export function takesFreely(taker: Source, from: Source): boolean {
  return mayTakeFreely(taker, { source: from.name }, true, placeOf(from))
}

function mayTakeFreely(taker: Source, { source }: Pick<Owner, "source">, isOurs: boolean, from: Place | null): boolean {
  if (isOurs && taker.handOverFrom.includes(source)) return true
  return from !== null && from.url === taker.remote.url && from.ref === refText(taker.ref)
}

function placeOf({ remote, ref }: Sibling["source"]): Place {
  return { url: remote.url, ref: refText(ref) }
}

function unknownSource({ installation, source }: Owner, record: SourceRecord | null): string {
  return (
    `source ${source} of installation ${installation} owns it, and this config has no such source (${trace(record)}): ` +
    `if another daemon keeps it, remove it there first, or give one of the two daemons another installation name; ` +
    `if it is gone for good: lockstep release ${source}; if it has another name now: formerly: [${source}] there`
  )
}

function otherInstallation({ installation, source }: Owner, record: SourceRecord | null): string {
  return `source ${source} of installation ${installation} owns it (${trace(record)}); remove it there first`
}

/** Who that is, as far as it left a trace. */
function trace(record: SourceRecord | null): string {
  if (record === null) return "it left no record"
  const place = [record.url, record.ref].filter((part) => part !== null).join(", ")
  return `its record: ${place || "no repository"}, Lockstep ${record.version ?? "of an unknown version"}`
}

function conflict(why: string): Claim {
  return { kind: "conflict", why }
}

function handOver(former: Former): Claim {
  return { kind: "hand-over", former }
}
