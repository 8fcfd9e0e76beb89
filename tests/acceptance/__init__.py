"""The whole platform as its people use it. A package, so that its browser and its platform end with it."""
