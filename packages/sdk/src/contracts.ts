// `@codegen/sdk/contracts`: the contracts, for those who have the SDK's package alone.
export * from '@codegen/contracts';
