import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { DeploymentKey, LiveAutomation, LiveDeployment } from "../../core/model.ts"
import { isPlaceholder, isSecretName, looksSecret } from "../../core/secret.ts"
import { inText } from "../manifest/template.ts"

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

/**
 * Deployments with an environment placeholder in place of each value that looks like a secret, by its name or its form:
 * the manifest goes to Git, and the value to `env` of the source. One name stands for one value.
 */
export function hideSecrets(
  lives: readonly LiveDeployment[],
  rules: Rules,
): { readonly lives: readonly LiveDeployment[]; readonly hidden: readonly Hidden[] } {
  const hider = new Hider(rules, namesIn(lives))
  return { lives: lives.map((live) => hider.deployment(live)), hidden: hider.hidden() }
}

/** Names that stand in placeholders already, for somebody else to fill in. */
function namesIn(lives: readonly LiveDeployment[]): ReadonlySet<string> {
  const texts = lives.map(({ fields }) => canonicalJson([fields.pullSteps, fields.parameters, fields.jobVariables]))
  return new Set(texts.flatMap((text) => [...text.matchAll(/\{\{\s*\$*(\w+)/g)].map(([, name = ""]) => name)))
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

  deployment(live: LiveDeployment): LiveDeployment {
    const { fields } = live
    const hide = <T extends Json>(value: T, field: string, prefix: string): T =>
      this.#value(value, { live, prefix, path: [field], secret: false }) as T
    const own = `${live.flow}_`
    return {
      ...live,
      fields: {
        ...fields,
        parameters: hide(fields.parameters, "parameters", own),
        jobVariables: hide(fields.jobVariables, "job_variables", own),
        // Steps are shared by many, so their secrets are named after none of them.
        pullSteps: hide(fields.pullSteps, "pull", ""),
        schedules: fields.schedules.map((one) => ({
          ...one,
          parameters: hide(one.parameters, `schedules[${one.slug ?? "unnamed"}].parameters`, own),
        })),
        automations:
          fields.automations &&
          fields.automations.map((one) => hideActions(one, (value) => hide(value, `triggers[${one.name}]`, own))),
      },
    }
  }

  #value(value: Json, at: At): Json {
    if (Array.isArray(value)) return value.map((item: Json, i) => this.#value(item, below(at, `[${i}]`)))
    if (isJsonObject(value)) {
      const members = Object.entries(value).map(([key, item]) => {
        const secret = at.secret || isSecretName(key)
        return [key, this.#value(item, { ...below(at, key), secret })]
      })
      return Object.fromEntries(members) as JsonObject
    }
    return this.#isSecret(value, at) ? this.#placeholder(inText(value), at) : value
  }

  #isSecret(value: Json, { secret }: At): boolean {
    if (typeof value === "number" || typeof value === "bigint") return secret && !this.#rules.showValues
    if (typeof value !== "string" || value === "" || isPlaceholder(value)) return false
    return this.#rules.isKnown(value) || (!this.#rules.showValues && (secret || looksSecret(value)))
  }

  #placeholder(value: string, { live, path, prefix }: At): string {
    const base = nameFor(path, prefix)
    for (let n = 1; ; n++) {
      const name = n === 1 ? base : `${base}_${n}`
      const known = this.#hidden.get(name)
      if (this.#taken.has(name) || (known && known.value !== value)) continue
      const use = { key: live.key, place: path.join(".").replaceAll(".[", "[") }
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
  /** Something above has a secret's name. */
  readonly secret: boolean
}

function below(at: At, key: string): At {
  return { ...at, path: [...at.path, key] }
}

function hideActions(automation: LiveAutomation, hide: (value: Json) => Json): LiveAutomation {
  return { ...automation, actions: automation.actions.map((action) => hide(action)) }
}

/** An environment variable keeps its name; else it is named after the flow and the key. */
function nameFor(path: readonly string[], prefix: string): string {
  const key = path.findLast((part) => !part.startsWith("[")) ?? "value"
  if (path.at(-2) === "env" && /^[A-Za-z_]\w*$/.test(key)) return key
  const name = `${prefix}${key}`
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z\d]+/g, "_")
    .toUpperCase()
  return /^\d/.test(name) ? `_${name}` : name
}
