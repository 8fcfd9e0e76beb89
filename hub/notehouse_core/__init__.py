"""What every process of Notehouse agrees on: settings, rights, tokens, wire types, errors, and the store behind them."""
