// What alerts, their settings and the mail server say, in French.

import type { AlertKind, AlertLanguage, AlertTestFailure, MailProtection, Telling } from '../shell/port';

const plural = (count: number, one: string, several: string): string => `${count} ${count < 2 ? one : several}`;

type Field = [label: string, hint: string];

export interface AlertWords {
  forbidden: string;
  now: string;
  calm: string;
  past: string;
  pastNone: string;
  active: (count: number) => string;
  what: Record<AlertKind, (count: number, of: number | null, subject: string, duration: string) => string>;
  everybody: string;
  since: (when: string) => string;
  ended: (when: string, duration: string) => string;
  lasts: string;
  over: string;
  mail: Record<Telling, string>;
  webhook: Record<Telling, string>;
  settings: string;
  settingsHint: string;
  thresholds: string;
  telling: string;
  percent: Field;
  least: Field;
  account: Field;
  network: Field;
  silence: Field;
  retention: Field;
  recipients: Field;
  language: string;
  languages: Record<AlertLanguage, string>;
  repeat: Field;
  url: Field;
  zone: Field;
  week: string;
  weekHint: string;
  days: string[];
  closed: string;
  opens: (day: string, number: number) => string;
  closes: (day: string, number: number) => string;
  until: string;
  addSpan: string;
  addSpanTo: (day: string) => string;
  removeSpan: (day: string, number: number) => string;
  asBefore: string;
  asBeforeOf: (day: string, before: string) => string;
  wrong: {
    range: (low: string, high: string) => string;
    time: string;
    order: string;
    overlap: string;
    spans: string;
    address: (line: string) => string;
    addresses: string;
    zone: string;
    url: string;
    hours: string;
    host: string;
    from: string;
    port: string;
  };
  byDefault: (value: string) => string;
  empty: string;
  tryMail: string;
  tryWebhook: string;
  trying: string;
  tryUnsaved: string;
  tryNobody: string;
  tryNowhere: string;
  mailSent: string;
  webhookSent: string;
  failure: Record<AlertTestFailure, string>;
  notSent: string;
  said: (reason: string) => string;
  server: {
    title: string;
    hint: string;
    fixed: string;
    host: Field;
    port: Field;
    security: string;
    protection: Record<MailProtection, Field>;
    from: Field;
    to: Field;
    username: Field;
    password: string;
    passwordKept: string;
    passwordNone: string;
  };
}

export const fr: AlertWords = {
  forbidden: 'Les alertes se lisent avec un compte d’administration.',
  now: 'En ce moment',
  calm: 'Aucune alerte en cours.',
  past: 'Alertes passées',
  pastNone: 'Aucune alerte jusqu’ici.',
  active: (count) => plural(count, 'alerte en cours', 'alertes en cours'),
  what: {
    refresh_failures: (count, of) =>
      `Trop de renouvellements échouent : ${count}${of === null ? '' : ` sur ${of}`} en un quart d’heure`,
    login_failures_of_account: (count, _, subject) =>
      `Beaucoup de connexions refusées pour ${subject} : ${count} en un quart d’heure`,
    login_failures_of_network: (count, _, subject) =>
      `Beaucoup de connexions refusées depuis ${subject} : ${count} en un quart d’heure`,
    no_refresh: (_, __, ___, duration) => `Aucun renouvellement aux heures d’ouverture pendant ${duration}`,
  },
  everybody: 'un compte inconnu',
  since: (when) => `Depuis ${when}`,
  ended: (when, duration) => `Commencée ${when}, finie au bout de ${duration}`,
  lasts: 'En cours',
  over: 'Finie',
  mail: {
    not_set_up: 'Aucun courriel : personne à prévenir',
    waiting: 'Courriel en route',
    sent: 'Courriel envoyé',
    failed: 'Le courriel n’est pas parti',
  },
  webhook: {
    not_set_up: 'Pas de webhook',
    waiting: 'Webhook en route',
    sent: 'Webhook appelé',
    failed: 'Le webhook n’a pas répondu',
  },
  settings: 'Quand alerter, et qui',
  settingsHint: 'Le serveur regarde chaque minute, même si personne n’a l’application ouverte.',
  thresholds: 'Seuils',
  telling: 'Qui est prévenu',
  percent: [
    'Renouvellements manqués (%)',
    'Alerter quand plus de cette part échoue en un quart d’heure. Un jeton qui n’est pas de ce serveur ne compte pas.',
  ],
  least: [
    'À partir de (renouvellements)',
    'Avec moins de renouvellements en un quart d’heure, la part ne veut rien dire.',
  ],
  account: [
    'Refus d’un compte (vide : jamais)',
    'Alerter quand autant d’essais échouent sur un même compte en un quart d’heure.',
  ],
  network: [
    'Refus d’un réseau (vide : jamais)',
    'Alerter quand autant d’essais échouent depuis un même réseau en un quart d’heure.',
  ],
  silence: [
    'Silence (minutes, vide : jamais)',
    'Alerter quand aucun appareil ne renouvelle son accès pendant ce temps, aux heures d’ouverture.',
  ],
  retention: [
    'Conserver les événements (jours)',
    'Ensuite, chaque événement est effacé. Les sommes par minute restent au moins 31 jours.',
  ],
  recipients: ['Adresses de courriel (une par ligne)', '20 au plus. Vide : aucun courriel ne part.'],
  language: 'Langue des courriels',
  languages: { french: 'Français', english: 'Anglais' },
  repeat: [
    'Rappel (minutes, vide : aucun)',
    'Une alerte qui dure est redite à ce rythme. Sinon, un courriel au début, un à la fin.',
  ],
  url: ['Webhook (vide : aucun)', 'Chaque alerte y est aussi envoyée en JSON. Une adresse en https://.'],
  zone: ['Fuseau horaire', 'Celui des heures d’ouverture et des courriels, par exemple Europe/Paris.'],
  week: 'Heures d’ouverture',
  weekHint: 'Pour l’alerte de silence seulement. De 00:00 à 24:00 ; une fermeture à midi fait deux plages.',
  days: ['Lundi', 'Mardi', 'Mercredi', 'Jeudi', 'Vendredi', 'Samedi', 'Dimanche'],
  closed: 'Fermé',
  opens: (day, number) => `${day}, plage ${number}, ouverture`,
  closes: (day, number) => `${day}, plage ${number}, fermeture`,
  until: 'à',
  addSpan: 'Ajouter une plage',
  addSpanTo: (day) => `Ajouter une plage le ${day.toLowerCase()}`,
  removeSpan: (day, number) => `Retirer la plage ${number} du ${day.toLowerCase()}`,
  asBefore: 'Comme la veille',
  asBeforeOf: (day, before) => `${day} : comme ${before}`,
  wrong: {
    range: (low, high) => `De ${low} à ${high}.`,
    time: 'Une heure comme 09:00 ou 18:30, jusqu’à 24:00.',
    order: 'La fermeture vient après l’ouverture.',
    overlap: 'Deux plages de ce jour se chevauchent.',
    spans: '28 plages au plus dans la semaine.',
    address: (line) => `« ${line} » n’est pas une adresse de courriel.`,
    addresses: '20 adresses au plus.',
    zone: 'Ce fuseau n’existe pas. Par exemple : Europe/Paris.',
    url: 'L’adresse commence par https://.',
    hours: 'L’alerte de silence a besoin des heures d’ouverture.',
    host: 'Un nom ou une adresse, sans espace.',
    from: 'Une adresse de courriel, seule ou comme Vigie <vigie@exemple.fr>.',
    port: 'De 1 à 65 535.',
  },
  byDefault: (value) => `Par défaut : ${value}.`,
  empty: 'jamais',
  tryMail: 'Envoyer un courriel d’essai',
  tryWebhook: 'Essayer le webhook',
  trying: 'Essai en cours…',
  tryUnsaved: 'Enregistrez d’abord les changements : l’essai se fait avec ce qui est enregistré.',
  tryNobody: 'Aucune adresse n’est enregistrée.',
  tryNowhere: 'Aucun webhook n’est enregistré.',
  mailSent: 'Le serveur de courrier a pris le courriel d’essai. Regardez s’il arrive.',
  webhookSent: 'Le webhook a répondu : tout va bien.',
  failure: {
    not_set_up: 'Rien n’est réglé pour cela : il manque le serveur de courrier, une adresse ou le webhook.',
    address_not_allowed: 'Cette adresse mène dans le réseau du serveur, ce que sa configuration ne permet pas.',
    unreachable: 'Rien ne répond là-bas, ou rien dont le certificat soit sûr.',
    timeout: 'La réponse a trop tardé.',
    refused: 'L’envoi a été refusé en face.',
  },
  notSent: 'L’essai n’a pas abouti.',
  said: (reason) => `En face, on a dit : ${reason}`,
  server: {
    title: 'Serveur de courrier',
    hint: 'Par où partent les courriels, pour toutes les organisations de ce serveur.',
    fixed:
      'Ces valeurs viennent du fichier de configuration du serveur, à la rubrique mail. Elles se changent là, pas ici.',
    host: ['Serveur (vide : pas de courriel)', 'Son nom, par exemple smtp.exemple.fr.'],
    port: ['Port', '587 avec STARTTLS, 465 avec TLS.'],
    security: 'Protection',
    protection: {
      starttls: ['STARTTLS', 'La connexion devient chiffrée avant tout envoi ; sinon rien ne part.'],
      tls: ['TLS', 'Chiffrée dès le premier octet.'],
      none: ['Aucune', 'Seulement pour un serveur de courrier sur la même machine.'],
    },
    from: ['Expéditeur', 'Par exemple Vigie <vigie@exemple.fr>.'],
    to: [
      'Avis de sécurité (vide : personne)',
      'Qui reçoit ceux des personnes dont l’identifiant n’est pas une adresse.',
    ],
    username: ['Identifiant (vide : sans connexion)', 'Le compte auprès du serveur de courrier.'],
    password: 'Mot de passe',
    passwordKept: 'Un mot de passe est gardé, chiffré. Il n’est jamais montré. Vide : il ne change pas.',
    passwordNone: 'Aucun mot de passe n’est gardé.',
  },
};
