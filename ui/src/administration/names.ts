// Names as the server takes them.

const LONGEST_CHARS = 128;

/** Whether `name` is empty or too long. */
export const nameFault = (name: string, longest: number = LONGEST_CHARS): boolean =>
  name.trim() === '' || [...name.trim()].length > longest;

/** The short name that `name` suggests: plain letters, digits and hyphens. */
export const slugOf = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
    .replace(/-+$/, '');

export const slugFault = (slug: string): boolean => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug) || slug.length > 64;
