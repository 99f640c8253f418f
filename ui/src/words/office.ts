// The words of the screens behind the first one, in the language in force.

import { locale } from './locale.svelte';
import { en } from './office.en';
import { fr, type OfficeWords } from './office.fr';

export const office = {
  get w(): OfficeWords {
    return locale.language === 'en' ? en : fr;
  },
};
