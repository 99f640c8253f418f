// In which organisations a person can be acted as.

import type { OperatorView, OrganizationSummary, PersonDetail } from '../shell/port';

export interface Choice {
  organization_id: string;
  label: string;
}

/** Those of the person's organisations that are known by id, the one worked in first; two of one name by their short names. */
export function choicesOf(
  { person, organizations }: PersonDetail,
  worker: OperatorView | null,
  known: OrganizationSummary[],
): Choice[] {
  const here = worker?.organization_id ?? null;
  const others = known.filter((each) => each.organization_id !== here && organizations.includes(each.name));
  const names = [...others.map((each) => each.name), worker?.organization_name];
  const isDouble = (name: string): boolean => names.filter((each) => each === name).length > 1;
  return [
    ...(here !== null && person.role !== null
      ? [{ organization_id: here, label: worker?.organization_name ?? '' }]
      : []),
    ...others.map(({ organization_id, name, slug }) => ({
      organization_id,
      label: isDouble(name) ? `${name} (${slug})` : name,
    })),
  ];
}
