const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * How long ago something was, as kubectl writes it (apimachinery, HumanDuration): `5m`, `2d3h`.
 *
 * @remarks Up to two seconds in the future count as now, since clocks differ; more is `<invalid>`.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const hours = Math.floor(ms / HOUR);
  return hours < 3 ? minutesText(ms) : hoursText(ms, hours);
}

function minutesText(ms: number): string {
  const minutes = Math.floor(ms / MINUTE);
  return minutes < 10 ? pair(minutes, 'm', Math.floor(ms / SECOND) % 60, 's') : `${minutes}m`;
}

function hoursText(ms: number, hours: number): string {
  if (hours < 8) return pair(hours, 'h', Math.floor(ms / MINUTE) % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
}
