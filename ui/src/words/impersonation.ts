// The words of acting as somebody else, in the language in force.

import { en } from './impersonation.en';
import { fr, type ImpersonationWords } from './impersonation.fr';
import { locale } from './locale.svelte';

export const impersonation = {
  get w(): ImpersonationWords {
    return locale.language === 'en' ? en : fr;
  },
};
