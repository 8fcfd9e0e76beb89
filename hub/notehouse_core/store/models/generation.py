"""One number that moves whenever rights, or what somebody may see, have changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from notehouse_core.store.models.base import Base


class RightsGeneration(Base):
    """The only row of its table; Postgres counts in it (see `store.generations`), the app only reads."""

    __tablename__ = "rights_generation"
    __table_args__ = (CheckConstraint("single", name="one_row"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
