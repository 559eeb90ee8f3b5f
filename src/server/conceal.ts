import { isJsonObject, type Json } from "../core/json.ts"
import { isPlaceholder, isSecretName } from "../core/secret.ts"
import { hidden, type PublicField, type PublicPlan } from "./present.ts"

/**
 * A plan without secrets: values that the config reads always, values with a secret's name unless `showValues`. A plan
 * ends up in logs of CI and comments of pull requests, which more people read than the repository or Prefect.
 */
export function concealPlan(
  plan: PublicPlan,
  { showValues, mask }: { readonly showValues: boolean; readonly mask: (text: string) => string },
): PublicPlan {
  const conceal = (value: Json, isSecret: boolean): Json => {
    if (typeof value === "string") return concealText(value, isSecret && !showValues, mask)
    if (Array.isArray(value)) return value.map((item: Json) => conceal(item, isSecret))
    if (!isJsonObject(value)) return isSecret && !showValues && value !== null ? hidden : value
    const members = Object.entries(value).map(([key, item]) => [key, conceal(item, isSecret || isSecretName(key))])
    return Object.fromEntries(members) as Json
  }
  const concealField = (field: PublicField): PublicField => {
    // A schema says which parameters there are; one that is called `password` has no value there.
    const isSecret = field.field !== "parameter_openapi_schema" && namesSecret(field.path)
    return {
      ...field,
      ...(field.from !== undefined && { from: conceal(field.from, isSecret) }),
      ...(field.to !== undefined && { to: conceal(field.to, isSecret) }),
    }
  }
  return {
    ...plan,
    changes: plan.changes.map((change) => ({ ...change, fields: change.fields.map((field) => concealField(field)) })),
    problems: plan.problems.map((problem) => ({ ...problem, message: mask(problem.message) })),
  }
}

function namesSecret(path: string): boolean {
  return path.split(/[.[\]]/).some((part) => isSecretName(part))
}

function concealText(text: string, isSecret: boolean, mask: (text: string) => string): string {
  if (isSecret && !isPlaceholder(text)) return hidden
  return mask(text) === text ? text : hidden
}
