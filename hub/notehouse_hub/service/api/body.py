"""What every request body has in common: fields nobody knows are refused, not ignored."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid")
