/** For each alert: figures that raise only this alert, as `promtool test rules` takes them, and the time when it is raised. */

/** The value of one series, minute by minute. */
export interface AlertCase {
  alert: string;
  series: Record<string, string>;
  /** Minutes after which it is raised, and minutes after which it is not raised yet. */
  raisedAt: number;
  quietAt: number;
}

const OF_MODULE = 'job="mesibo-modules",instance="a:1",module="filter"';
const OF_CORE = 'job="mesibo-modules",instance="a:1"';
const metric = (name: string, labels: string) => `mesibo_modules_${name}{${labels}}`;

export const ALERT_CASES: readonly AlertCase[] = [
  { alert: 'MesiboCoreDown', series: { [`up{${OF_CORE}}`]: '1x5 0x20' }, raisedAt: 8, quietAt: 6 },
  {
    alert: 'MesiboCoreRestarts',
    series: { [metric('core_start_time_seconds', OF_CORE)]: '1000x5 2000 3000 4000x20' },
    raisedAt: 8,
    quietAt: 7,
  },
  { alert: 'MesiboCoreProblem', series: { [metric('core_problems', OF_CORE)]: '0x5 2x20' }, raisedAt: 12, quietAt: 9 },
  {
    alert: 'MesiboCoreSlow',
    series: {
      [metric('core_event_loop_lag_seconds_bucket', `${OF_CORE},le="0.05"`)]: '0+100x5 500+10x40',
      [metric('core_event_loop_lag_seconds_bucket', `${OF_CORE},le="0.5"`)]: '0+100x5 500+100x40',
      [metric('core_event_loop_lag_seconds_bucket', `${OF_CORE},le="+Inf"`)]: '0+100x5 500+100x40',
    },
    raisedAt: 20,
    quietAt: 5,
  },
  {
    alert: 'MesiboCoreDescriptorsShort',
    series: {
      [metric('core_open_fds', OF_CORE)]: '100x5 900x30',
      [metric('core_max_fds', OF_CORE)]: '1000x40',
    },
    raisedAt: 12,
    quietAt: 9,
  },
  {
    alert: 'MesiboModuleFailed',
    series: { [metric('state', `${OF_MODULE},state="failed"`)]: '0x5 1x20' },
    raisedAt: 7,
    quietAt: 4,
  },
  {
    alert: 'MesiboModuleDown',
    series: {
      [metric('wanted', OF_MODULE)]: '1x30',
      [metric('state', `${OF_MODULE},state="serving"`)]: '1x5 0x5 0x20',
      [metric('state', `${OF_MODULE},state="replacing"`)]: '0x3 1x2 0x30',
      [metric('state', `${OF_MODULE},state="backoff"`)]: '0x5 1x30',
    },
    raisedAt: 9,
    quietAt: 5,
  },
  {
    alert: 'MesiboModuleReplicasDown',
    series: {
      [metric('state', `${OF_MODULE},state="serving"`)]: '1x30',
      [metric('replica_up', `${OF_MODULE},replica="0"`)]: '1x30',
      [metric('replica_up', `${OF_MODULE},replica="1"`)]: '1x5 0x25',
    },
    raisedAt: 12,
    quietAt: 9,
  },
  {
    alert: 'MesiboModuleStopped',
    series: { [metric('wanted', OF_MODULE)]: '1x5 0x120' },
    raisedAt: 80,
    quietAt: 50,
  },
  {
    alert: 'MesiboModuleCrashes',
    series: {
      [metric('crashes_total', `${OF_MODULE},cause="crash"`)]: '0x20 1 2x30',
      [metric('crashes_total', `${OF_MODULE},cause="hang"`)]: '0x21 1x3 2x30',
    },
    raisedAt: 26,
    quietAt: 21,
  },
  {
    alert: 'MesiboModuleDefaultVerdicts',
    series: {
      [metric('messages_total', `${OF_MODULE},verdict="pass",default_reason="none"`)]: '0+60x40',
      [metric('messages_total', `${OF_MODULE},verdict="pass",default_reason="deadline"`)]: '0x10 0+6x40',
    },
    raisedAt: 20,
    quietAt: 10,
  },
  {
    alert: 'MesiboModuleSlow',
    series: {
      [metric('deadline_seconds', OF_MODULE)]: '1x60',
      [metric('message_duration_seconds_bucket', `${OF_MODULE},le="0.5"`)]: '0+100x10 1000+50x50',
      [metric('message_duration_seconds_bucket', `${OF_MODULE},le="1"`)]: '0+100x10 1000+100x50',
      [metric('message_duration_seconds_bucket', `${OF_MODULE},le="+Inf"`)]: '0+100x10 1000+100x50',
    },
    raisedAt: 30,
    quietAt: 10,
  },
  {
    alert: 'MesiboModuleQueueFull',
    series: { [metric('calls_queued', OF_MODULE)]: '10x5 900x20', [metric('queue_limit', OF_MODULE)]: '1000x30' },
    raisedAt: 8,
    quietAt: 5,
  },
  {
    alert: 'MesiboReloadTakenBack',
    series: { [metric('taken_back_total', OF_MODULE)]: '0x10 1x20' },
    raisedAt: 12,
    quietAt: 9,
  },
  {
    alert: 'MesiboModuleLeaks',
    series: {
      [metric('recycled_total', `${OF_MODULE},cause="memory"`)]: '0x60 0+1x60',
      // However often that is.
      [metric('recycled_total', `${OF_MODULE},cause="messages"`)]: '0+10x120',
    },
    raisedAt: 80,
    quietAt: 65,
  },
  {
    alert: 'MesiboShadowDown',
    series: {
      [metric('wanted', OF_MODULE)]: '1x60',
      [metric('shadow_sends_total', OF_MODULE)]: '0x60',
      [metric('state', `${OF_MODULE},state="serving"`)]: '1x5 0x60',
      [metric('state', `${OF_MODULE},state="failed"`)]: '0x5 1x60',
    },
    raisedAt: 25,
    quietAt: 15,
  },
  {
    alert: 'MesiboShadowSkips',
    series: {
      [metric('state', `${OF_MODULE},state="serving"`)]: '1x60',
      [metric('shadow_sends_total', OF_MODULE)]: '0x60',
      [metric('shadow_messages_total', `${OF_MODULE},shadow_of="old",result="agreed"`)]: '0+10x60',
      [metric('shadow_messages_total', `${OF_MODULE},shadow_of="old",result="skipped"`)]: '0x10 0+30x50',
    },
    raisedAt: 45,
    quietAt: 15,
  },
  {
    alert: 'MesiboSendsLost',
    series: { [metric('sends_total', `${OF_MODULE},fate="expired"`)]: '0x10 5x20' },
    raisedAt: 12,
    quietAt: 9,
  },
  {
    alert: 'MesiboSendsRejected',
    series: { [metric('rejected_sends_total', OF_MODULE)]: '0x10 5x20' },
    raisedAt: 12,
    quietAt: 9,
  },
  {
    alert: 'MesiboSendsNotTaken',
    series: {
      [metric('core_sends_waiting', OF_CORE)]: '5x60',
      [metric('core_sends_total', `${OF_CORE},fate="delivered"`)]: '0+1x10 10x60',
    },
    raisedAt: 45,
    quietAt: 15,
  },
  {
    alert: 'MesiboSendsPileUp',
    series: {
      [metric('core_sends_waiting', OF_CORE)]: '5x40',
      [metric('core_sends_limit', OF_CORE)]: '1000x40',
      [metric('core_sends_waiting_bytes', OF_CORE)]: '5x5 600x40',
      [metric('core_sends_limit_bytes', OF_CORE)]: '1000x40',
      // Servers take them, only too slowly.
      [metric('core_sends_total', `${OF_CORE},fate="delivered"`)]: '0+1x60',
    },
    raisedAt: 15,
    quietAt: 9,
  },
  {
    alert: 'MesiboServerAbsent',
    series: { [metric('sends_waiting_for_absent_server', `${OF_CORE},server="xmpp"`)]: '0x5 3x30' },
    raisedAt: 15,
    quietAt: 9,
  },
];
