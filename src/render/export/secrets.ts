import { fieldNames, fields } from "../../core/fields.ts"
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { DeploymentKey, FieldName, LiveAutomation, LiveDeployment, LiveFields } from "../../core/model.ts"
import { isPlaceholder, isSecretName, looksSecret } from "../../core/secret.ts"
import { inText } from "../manifest/template.ts"
import { fieldByKey, keyOf, type Remark } from "./entry.ts"
import { triggersOf } from "./triggers.ts"

/** A value that a placeholder stands for, and where. */
export interface Hidden {
  /** `{{ $name }}` stands in the manifest, so the source's `env` must have it. */
  readonly name: string
  readonly value: string
  readonly uses: readonly { readonly key: DeploymentKey; readonly place: string }[]
}

interface Rules {
  /** Write values that look like secrets as they are. */
  readonly showValues: boolean
  /** A secret that the config itself refers to: never written. */
  readonly isKnown: (text: string) => boolean
}

/** A deployment that may be written, as far as names and forms tell. */
export interface Covered {
  /** With placeholders where secrets stood. */
  readonly live: LiveDeployment
  /** Fields with a secret that no placeholder can stand for. */
  readonly unsaid: ReadonlySet<FieldName>
  /** Whether there is such a secret where every entry has something. */
  readonly isStuck: boolean
  readonly remarks: readonly Remark[]
}

/**
 * Deployments with an environment placeholder in place of each value that looks like a secret, by its name or its form:
 * the manifest goes to Git, and the value to `env` of the source. One name stands for one value.
 */
export function hideSecrets(
  lives: readonly LiveDeployment[],
  rules: Rules,
): { readonly covered: readonly Covered[]; readonly hidden: readonly Hidden[] } {
  const hider = new Hider(rules, namesIn(lives))
  return { covered: lives.map((live) => hider.cover(live)), hidden: hider.hidden() }
}

/** Names that stand in placeholders already, for somebody else to fill in. */
function namesIn(lives: readonly LiveDeployment[]): ReadonlySet<string> {
  const texts = lives.map(({ fields }) => canonicalJson([fields.pullSteps, fields.parameters, fields.jobVariables]))
  return new Set(texts.flatMap((text) => [...text.matchAll(/\{\{\s*\$*(\w+)/g)].map(([, name = ""]) => name)))
}

/** What the key of a field says where people wrote it. */
function said(live: LiveDeployment, name: FieldName): Json {
  return saidWithin[name]?.(live) ?? (live.fields[name] as Json)
}

/** Where only a part is in people's own words. */
const saidWithin: { readonly [F in FieldName]?: (live: LiveDeployment) => Json } = {
  schedules: ({ fields: { schedules } }) => schedules.map((one) => [one.slug, one.parameters]),
  automations: (live) => triggersOf(live, live.name).triggers,
}

class Hider {
  readonly #rules: Rules
  readonly #taken: ReadonlySet<string>
  readonly #hidden = new Map<string, { value: string; uses: { key: DeploymentKey; place: string }[] }>()

  constructor(rules: Rules, taken: ReadonlySet<string>) {
    this.#rules = rules
    this.#taken = taken
  }

  hidden(): readonly Hidden[] {
    return [...this.#hidden].map(([name, { value, uses }]) => ({ name, value, uses }))
  }

  cover(deployment: LiveDeployment): Covered {
    const within: string[] = []
    const live = this.#deployment(deployment, within)
    const keys = [...fieldByKey].filter(([, name]) => this.#shows(said(live, name))).map(([key]) => key)
    return {
      live,
      unsaid: new Set(keys.flatMap((key) => fieldByKey.get(key) ?? [])),
      isStuck: fieldNames.some((name) => fields[name].needed && this.#shows(live.fields[name] as Json)),
      remarks: [...within.map((place) => textHidden(place)), ...keys.map((key) => secretLeftOut(key))],
    }
  }

  #deployment(live: LiveDeployment, within: string[]): LiveDeployment {
    const hide = <T extends Json>(value: T, place: string, prefix: string): T =>
      this.#value(value, { live, prefix, path: [place], secret: false, within }) as T
    const own = `${live.flow}_`
    const plain = fieldNames
      .filter((name) => fields[name].concealed === "live-only")
      // Steps are no entry's own and shared by many, so their secrets are named after none of them.
      .map((name) => [name, hide(live.fields[name] as Json, keyOf(name) ?? "pull", keyOf(name) === null ? "" : own)])
    const { schedules, automations } = live.fields
    return {
      ...live,
      fields: {
        ...live.fields,
        ...(Object.fromEntries(plain) as Partial<LiveFields>),
        schedules: schedules.map((one) => ({
          ...one,
          parameters: hide(one.parameters, `schedules[${one.slug ?? "unnamed"}].parameters`, own),
        })),
        automations:
          automations &&
          automations.map((one) => hideWithin(one, (value) => hide(value, `triggers[${one.name}]`, own))),
      },
    }
  }

  #value(value: Json, at: At): Json {
    if (Array.isArray(value)) {
      const items: readonly Json[] = value
      return items.map((item, i) => {
        const secret = at.secret || isGivenTo(items[i - 1], item)
        return this.#value(item, { ...below(at, `[${i}]`), secret })
      })
    }
    if (isJsonObject(value)) {
      const members = Object.entries(value).map(([key, item]) => [key, this.#value(item, memberOf(value, key, at))])
      return Object.fromEntries(members) as JsonObject
    }
    return this.#isSecret(value, at) ? this.#placeholder(inText(value), at) : value
  }

  #isSecret(value: Json, { secret }: At): boolean {
    if (typeof value === "number" || typeof value === "bigint") return secret && !this.#rules.showValues
    if (typeof value !== "string" || value === "" || isPlaceholder(value)) return false
    return this.#isSecretText(value) || (secret && !this.#rules.showValues)
  }

  #isSecretText(text: string): boolean {
    return this.#rules.isKnown(text) || (!this.#rules.showValues && looksSecret(text))
  }

  /** Whether a secret is left that would be written: in a key, or where no placeholder stands. */
  #shows(value: Json): boolean {
    if (typeof value === "string") return !isPlaceholder(value) && this.#isSecretText(value)
    if (Array.isArray(value)) return value.some((item: Json) => this.#shows(item))
    if (!isJsonObject(value)) return false
    return Object.entries(value).some(([key, item]) => this.#isSecretText(key) || this.#shows(item))
  }

  #placeholder(value: string, at: At): string {
    const { live, path } = at
    const base = nameFor(at)
    for (let n = 1; ; n++) {
      const name = n === 1 ? base : `${base}_${n}`
      const known = this.#hidden.get(name)
      if (this.#taken.has(name) || (known && known.value !== value)) continue
      const place = path.join(".").replaceAll(".[", "[")
      const use = { key: live.key, place }
      const isTold = !at.secret && /\s/.test(value.trim()) && !path.some((part) => this.#isSecretText(part))
      if (isTold) at.within.push(`${place} as a whole stands as {{ $${name} }}`)
      if (known) known.uses.push(use)
      else this.#hidden.set(name, { value, uses: [use] })
      return `{{ $${name} }}`
    }
  }
}

interface At {
  readonly live: LiveDeployment
  /** Begins the name of what isn't an environment variable already. */
  readonly prefix: string
  readonly path: readonly string[]
  /** Something above has a secret's name, or what stands before says so. */
  readonly secret: boolean
  /** What an environment variable is called whose value stands beside its name, as Kubernetes writes it. */
  readonly called?: string
  /** Collects longer texts that placeholders stand for. */
  readonly within: string[]
}

function below(at: At, key: string): At {
  return { ...at, path: [...at.path, key] }
}

function memberOf(owner: JsonObject, key: string, at: At): At {
  const inside = below(at, key)
  const { name } = owner
  if (key === "value" && typeof name === "string")
    return { ...inside, called: name, secret: at.secret || isSecretName(name) }
  return { ...inside, secret: at.secret || isSecretName(key) }
}

/** Whether a text of a list is what the option before it takes: `["--password", "x"]`. */
function isGivenTo(before: Json | undefined, item: Json): boolean {
  return (
    typeof before === "string" &&
    typeof item === "string" &&
    /^--?[A-Za-z][\w-]*$/.test(before) &&
    looksSecret(`${before} ${item}`)
  )
}

function hideWithin(automation: LiveAutomation, hide: (value: Json) => Json): LiveAutomation {
  const trigger = hide(automation.trigger)
  return {
    ...automation,
    trigger: isJsonObject(trigger) ? trigger : automation.trigger,
    actions: automation.actions.map((action) => hide(action)),
  }
}

function textHidden(place: string): Remark {
  return { code: "text-hidden", message: `a part of it looks like a secret, so ${place}` }
}

function secretLeftOut(key: string): Remark {
  return {
    code: "secret-left-out",
    message: `\`${key}\` isn't said: it looks like a secret, and no placeholder can stand for it there`,
  }
}

/** An environment variable keeps its name; else it is named after the flow and the key. */
function nameFor({ path, prefix, called }: At): string {
  const key = called ?? path.findLast((part) => !part.startsWith("[")) ?? "value"
  if ((called !== undefined || path.at(-2) === "env") && /^[A-Za-z_]\w*$/.test(key)) return key
  const name = `${prefix}${key}`
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z\d]+/g, "_")
    .toUpperCase()
  return /^\d/.test(name) ? `_${name}` : name
}
