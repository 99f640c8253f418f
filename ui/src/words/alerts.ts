// The words of alerts, in the language in force.

import { en } from './alerts.en';
import { fr, type AlertWords } from './alerts.fr';
import { locale } from './locale.svelte';

export const alerts = {
  get w(): AlertWords {
    return locale.language === 'en' ? en : fr;
  },
};
