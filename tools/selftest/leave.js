// Loaded into every AVA worker: they outlive an AVA that was killed, and so would the guests they started.
process.once('disconnect', () => process.exit(1));
