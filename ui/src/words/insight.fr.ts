// What the figures on sessions say, in French.

import type { ErrorsBy, InsightRange, LoginFailure, RefreshFailure, SessionEndReason } from '../shell/port';

const plural = (count: number, one: string, several: string): string => `${count} ${count < 2 ? one : several}`;

export interface InsightWords {
  title: string;
  forbidden: string;
  range: string;
  ranges: Record<InsightRange, string>;
  rangesShort: Record<InsightRange, string>;
  export: string;
  exporting: string;
  exported: (path: string) => string;
  asOf: (time: string) => string;
  live: (time: string) => string;
  verdict: {
    good: string;
    fair: string;
    poor: string;
    none: string;
    goodHint: string;
    fairHint: string;
    poorHint: string;
    noneHint: string;
  };
  rate: string;
  rateOf: (success: string, all: string) => string;
  rejected: (count: number) => string;
  active: string;
  activeHint: string;
  logins: string;
  loginsDenied: (denied: string) => string;
  forced: string;
  manual: (count: string) => string;
  latency: string;
  latencyNone: string;
  latencyOf: (p50: string, p99: string) => string;
  milliseconds: (value: string) => string;
  percent: (value: string) => string;
  roles: string;
  chart: {
    failures: string;
    forced: string;
    logins: string;
    latency: string;
    peak: (value: string, when: string) => string;
    nothing: string;
    read: string;
    at: (when: string, value: string) => string;
    values: { failures: (count: number) => string; forced: (count: number) => string };
    asTable: string;
    asChart: string;
    stepsOf: (minutes: string) => string;
  };
  table: {
    when: string;
    success: string;
    failure: string;
    rejected: string;
    signedIn: string;
    denied: string;
    forced: string;
    manual: string;
    p95: string;
  };
  ends: string;
  endsNone: string;
  failures: string;
  failuresNone: string;
  reason: string;
  count: string;
  share: string;
  forcedMark: string;
  end: Record<SessionEndReason, string>;
  refresh: Record<RefreshFailure, string>;
  login: Record<LoginFailure, string>;
  unknownReason: string;
  errors: {
    title: string;
    by: Record<ErrorsBy, string>;
    byLabel: string;
    none: string;
    key: Record<ErrorsBy, string>;
    unknown: Record<ErrorsBy, string>;
    refreshes: string;
    logins: string;
    reason: string;
    last: string;
  };
  devices: {
    title: string;
    hint: string;
    none: string;
    device: string;
    offline: string;
    fault: string;
    observed: string;
    incidents: string;
    last: string;
    share: (percent: string, of: string) => string;
  };
}

export const fr: InsightWords = {
  title: 'Suivi des sessions',
  forbidden: 'Ces chiffres se lisent avec un compte d’administration.',
  range: 'Période',
  ranges: {
    '1h': 'Dernière heure',
    '6h': '6 dernières heures',
    '24h': '24 dernières heures',
    '7d': '7 derniers jours',
    '30d': '30 derniers jours',
  },
  rangesShort: { '1h': '1 h', '6h': '6 h', '24h': '24 h', '7d': '7 j', '30d': '30 j' },
  export: 'Exporter (CSV)',
  exporting: 'Export en cours…',
  exported: (path) => `Tableau enregistré : ${path}`,
  asOf: (time) => `Le serveur ne répond plus : chiffres de ${time}`,
  live: (time) => `À jour à ${time}`,
  verdict: {
    good: 'Tout va bien',
    fair: 'À surveiller',
    poor: 'Ça ne va pas',
    none: 'Rien encore',
    goodHint: 'Les appareils renouvellent leur accès sans difficulté.',
    fairHint: 'Plus d’un renouvellement sur vingt a échoué. Voyez les raisons plus bas.',
    poorHint: 'Plus d’un renouvellement sur dix a échoué. Voyez les raisons plus bas.',
    noneHint: 'Aucun appareil n’a encore renouvelé son accès sur cette période.',
  },
  rate: 'Renouvellements réussis',
  rateOf: (success, all) => `${success} sur ${all}`,
  rejected: (count) => `${plural(count, 'demande', 'demandes')} avec un jeton étranger, hors du calcul`,
  active: 'Sessions ouvertes',
  activeHint: 'en ce moment',
  logins: 'Connexions',
  loginsDenied: (denied) => `et ${denied} refusées`,
  forced: 'Fermetures subies',
  manual: (count) => `et ${count} voulues`,
  latency: 'Temps de réponse',
  latencyNone: 'Pas encore mesuré',
  latencyOf: (p50, p99) => `pour 95 sur 100 (${p50} pour la moitié, ${p99} pour 99)`,
  milliseconds: (value) => `${value}\u00a0ms`,
  percent: (value) => `${value}\u00a0%`,
  roles: 'Comptes par rôle',
  chart: {
    failures: 'Renouvellements manqués',
    forced: 'Fermetures subies',
    logins: 'Connexions refusées',
    latency: 'Temps de réponse',
    peak: (value, when) => `Au plus ${value}, ${when}`,
    nothing: 'Rien sur cette période.',
    read: 'Les flèches lisent le graphique pas à pas.',
    at: (when, value) => `${when} : ${value}`,
    values: {
      failures: (count) => plural(count, 'renouvellement manqué', 'renouvellements manqués'),
      forced: (count) => plural(count, 'fermeture subie', 'fermetures subies'),
    },
    asTable: 'Voir en tableau',
    asChart: 'Voir en graphique',
    stepsOf: (minutes) => `Par pas de ${minutes}`,
  },
  table: {
    when: 'À partir de',
    success: 'Renouvelés',
    failure: 'Manqués',
    rejected: 'Étrangers',
    signedIn: 'Connexions',
    denied: 'Refusées',
    forced: 'Fermetures subies',
    manual: 'Fermetures voulues',
    p95: 'Réponse (95 %)',
  },
  ends: 'Pourquoi des sessions se ferment',
  endsNone: 'Aucune session ne s’est fermée sur cette période.',
  failures: 'Pourquoi des renouvellements échouent',
  failuresNone: 'Aucun renouvellement n’a échoué sur cette période.',
  reason: 'Raison',
  count: 'Nombre',
  share: 'Part',
  forcedMark: 'subie',
  end: {
    signed_out: 'La personne s’est déconnectée',
    by_owner: 'Fermée par la personne, depuis un autre appareil',
    by_administrator: 'Fermée par l’administration',
    account_disabled: 'Compte désactivé',
    password_changed: 'Mot de passe changé',
    membership_ended: 'La personne a quitté l’organisation',
    device_limit: 'Trop d’appareils pour la personne',
    refresh_reused: 'Jeton présenté deux fois : copie possible',
    idle: 'Sans activité trop longtemps',
    expired: 'Durée totale atteinte',
  },
  refresh: {
    session_closed: 'La session avait été fermée',
    session_signed_out: 'La personne s’était déconnectée',
    session_idle: 'La session s’était arrêtée faute d’activité',
    session_ended: 'La session avait atteint sa durée totale',
    account_disabled: 'Le compte est désactivé',
    refresh_reused: 'Jeton présenté deux fois : copie possible',
    stale_attempt: 'Demande en retard, déjà servie',
    rotation_required: 'L’appareil devait changer de jeton',
    proof_refused: 'L’appareil n’a pas prouvé sa clé',
    session_unknown: 'Session inconnue du serveur',
    rate_limited: 'Trop de demandes d’un même appareil',
    unavailable: 'Serveur occupé ou base injoignable',
    internal: 'Défaut du serveur',
  },
  login: {
    unknown_user: 'Identifiant inconnu',
    wrong_password: 'Mot de passe faux',
    account_disabled: 'Connexion à un compte désactivé',
    not_a_member: 'Pas membre de l’organisation demandée',
    rate_limited: 'Trop d’essais de connexion',
    proof_refused: 'Connexion sans preuve de la clé',
    unavailable: 'Connexion : serveur occupé ou base injoignable',
    internal: 'Connexion : défaut du serveur',
  },
  unknownReason: 'Autre raison',
  errors: {
    title: 'Où cela échoue',
    by: { network: 'Par réseau', site: 'Par site', user: 'Par personne', reason: 'Par raison' },
    byLabel: 'Regrouper',
    none: 'Aucun échec sur cette période.',
    key: { network: 'Réseau', site: 'Site', user: 'Personne', reason: 'Raison' },
    unknown: {
      network: 'Réseau inconnu',
      site: 'Sans site',
      user: 'Personne inconnue',
      reason: 'Autre raison',
    },
    refreshes: 'Renouvellements manqués',
    logins: 'Connexions refusées',
    reason: 'Le plus souvent',
    last: 'Dernière fois',
  },
  devices: {
    title: 'Appareils en difficulté',
    hint: 'D’après ce qu’ils comptent eux-mêmes, même quand le serveur répond bien.',
    none: 'Aucun appareil n’a signalé de difficulté sur cette période.',
    device: 'Appareil',
    offline: 'Sans connexion',
    fault: 'Serveur en défaut',
    observed: 'Observé pendant',
    incidents: 'Alertes à l’écran',
    last: 'Dernier signe',
    share: (percent, of) => `${percent} % de ${of}`,
  },
};
