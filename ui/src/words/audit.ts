// The words of the audit log, in the language in force.

import { en } from './audit.en';
import { fr, type AuditWords } from './audit.fr';
import { locale } from './locale.svelte';

export const audit = {
  get w(): AuditWords {
    return locale.language === 'en' ? en : fr;
  },
};
