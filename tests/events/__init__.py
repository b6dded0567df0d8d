"""Events: facts and the job types that listen to them."""
