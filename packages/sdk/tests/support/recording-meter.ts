import { type Attributes, createNoopMeter, type MeterProvider } from '@opentelemetry/api';

type Measurement = [value: number, attributes: Attributes | undefined];

/** A meter provider that keeps what counters and histograms are told. */
export function recordingMeterProvider() {
  const measured = new Map<string, Measurement[]>();
  const record = (name: string) => (value: number, attributes?: Attributes) => {
    measured.set(name, [...(measured.get(name) ?? []), [value, attributes]]);
  };
  const meter = Object.assign(createNoopMeter(), {
    createCounter: (name: string) => ({ add: record(name) }),
    createHistogram: (name: string) => ({ record: record(name) }),
  });
  const provider: MeterProvider = { getMeter: () => meter };
  return {
    provider,
    of: (name: string) => measured.get(name) ?? [],
    reset: () => measured.clear(),
  };
}
