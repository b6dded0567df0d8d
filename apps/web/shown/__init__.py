"""What pages say about jobs: rows of the ledger in, sentences and numbers out."""
