"""Sums of the figures that people are shown, by campaign and by giver; which promises wait for
their donor.

The sums of what is sealed already are made here, in SQL, from the postings as they are; the check
of the books has its own statement for the same (``queries/pledges/figure_drift.py``).
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

KEYS = {
    "figure_total": ("book_id", "campaign", "figure", "commodity", "fund_id"),
    "figure_day": ("book_id", "campaign", "figure", "commodity", "fund_id", "counted_on"),
    "figure_giver": ("party_id", "book_id", "campaign", "figure", "commodity", "counted_on"),
}
TYPES = {"book_id": sa.Uuid, "party_id": sa.Uuid, "fund_id": sa.Uuid, "counted_on": sa.Date}
OWN_NAME = {
    "postgresql": "split_part(split_part(e.external_ref, '#', 1), '/', 1)",
    "sqlite": (
        "substr(e.external_ref, 1, min(instr(e.external_ref || '#', '#'),"
        " instr(e.external_ref || '/', '/')) - 1)"
    ),
}
# Legs of sealed entries with their labels, what their entry is, and what they count towards.
LINES = """
with leg as (
    select p.book_id, p.entry_id, p.accounting_on as day, p.account, p.fund_id, p.commodity,
        p.quantity, coalesce(p.campaign, pc.slug) as campaign,
        cast(pl.party_id as text) as giver, f.fund_class, e.source,
        {own_name} as movement
    from posting p
    join entry e on e.book_id = p.book_id and e.id = p.entry_id
    join fund f on f.id = p.fund_id
    left join pledge pl on pl.book_id = p.book_id and pl.reference = p.pledge
    left join campaign pc on pc.id = pl.campaign_id
    where not exists (
        select 1 from unsealed u where u.book_id = p.book_id and u.entry_id = p.entry_id
    )
), whole as (
    select book_id, entry_id,
        max(case when account between 1000 and 1139 or account in (1300, 1350)
            or account between 2000 and 2999 then 1 else 0 end) as moves,
        max(case when account between 3000 and 3999 then 1 else 0 end) as opens,
        max(case when account in (4930, 5440, 8320) then 1 else 0 end) as sold,
        count(distinct campaign) as campaigns, min(campaign) as campaign,
        count(distinct giver) as givers, min(giver) as giver
    from leg group by book_id, entry_id
), known as (
    select t.stripe_txn_id as movement, coalesce(tc.slug, rc.slug) as campaign,
        cast(coalesce(tp.party_id, r.party_id) as text) as giver
    from balance_transaction t
    left join pledge tp on tp.id = t.pledge_id
    left join campaign tc on tc.id = tp.campaign_id
    left join recurring_gift r on r.id = t.recurring_id
    left join campaign rc on rc.id = r.campaign_id
), made as (
    select f.book_id, f.entry_id, min(coalesce(fc.slug, '')) as campaign,
        count(distinct coalesce(fc.slug, '')) as campaigns,
        min(cast(fp.party_id as text)) as giver, count(distinct fp.party_id) as givers
    from fulfilment f
    join pledge fp on fp.id = f.pledge_id
    left join campaign fc on fc.id = fp.campaign_id
    group by f.book_id, f.entry_id
), told as (
    select leg.book_id, leg.day, leg.account as a, leg.fund_id, leg.commodity,
        leg.quantity as q, leg.fund_class, w.moves, w.opens, w.sold,
        coalesce(leg.campaign, case w.campaigns when 1 then w.campaign when 0
            then coalesce(k.campaign, case when m.campaigns = 1 then m.campaign end) end, '')
            as campaign,
        coalesce(leg.giver, case w.givers when 1 then w.giver when 0
            then coalesce(k.giver, case when m.givers = 1 then m.giver end) end, '') as giver
    from leg
    join whole w on w.book_id = leg.book_id and w.entry_id = leg.entry_id
    left join known k on leg.source = 'stripe' and k.movement = leg.movement
    left join made m on m.book_id = leg.book_id and m.entry_id = leg.entry_id
), sorted as (
    select *, case
        when a between 1000 and 1139 or a = 1300 or a between 2000 and 2999 then ''
        when a = 1350 then 'in_pools'
        when a = 1230 then 'thing'
        when a between 1140 and 1299 then 'received'
        when a in (1990, 4920) then 'exchanged'
        when a between 1301 and 1989 or a between 1991 and 1999 then 'thing'
        when a between 3000 and 3999 then 'brought_forward'
        when a between 4100 and 4199 or a = 4930 or a between 5200 and 5499 then 'thing'
        when a between 4000 and 4099 or a between 4200 and 4299 or a = 6610 then 'received'
        when a in (4550, 5550) then 'spent'
        when a between 4500 and 4599 then 'from_communities'
        when a in (4910, 4915, 5910, 5915) then 'between_funds'
        when a between 4000 and 4999 then 'other_income'
        when a between 5500 and 5599 or a = 6530 then 'to_communities'
        when a between 5600 and 5699 then 'granted'
        when a between 5000 and 6999 then 'spent'
        else '' end as flow
    from told
), line as (
    select book_id, day, fund_id, commodity, campaign, giver,
        case when opens = 1 then 'brought_forward'
            when flow = 'thing' and sold = 1 then 'other_income'
            when flow = 'thing' then 'spent' else flow end as figure,
        case when opens = 1 or (flow = 'thing' and sold = 1)
            or flow in ('received', 'exchanged', 'brought_forward', 'from_communities',
                'between_funds', 'other_income')
            then -q else q end as q
    from sorted where moves = 1 and flow <> ''
    union all
    select book_id, day, fund_id, commodity, campaign, giver, 'money', q from sorted
    where a between 1000 and 1139 or a = 1300 or a between 2000 and 2999
    union all
    select book_id, day, fund_id, commodity, campaign, giver,
        case when a in (2140, 2190, 2350, 2420) then 'held' when a = 2410 then 'advances'
            when a in (1210, 1220, 1230) then 'owed'
            when a in (8110, 8120, 8340) then 'received' when a = 8190 then 'brought_forward'
            when a = 8210 then 'custody' when a = 8230 then 'held'
            when a = 8310 then 'to_communities' when a in (8410, 8420) then 'spent'
            when a = 9110 then 'intended' when a in (9120, 9140) then 'conditional'
            when a in (9210, 9230) then 'committed' end,
        case when a in (2140, 2190, 2350, 2420, 2410, 8110, 8120, 8340, 8190) then -q else q end
    from sorted
    where a in (2140, 2190, 2350, 2420, 2410, 1210, 1220, 1230, 8110, 8120, 8340, 8190, 8210, 8230,
        8310, 8410, 8420, 9110, 9120, 9140, 9210, 9230)
    union all
    select book_id, day, fund_id, commodity, campaign, giver, 'held_for_pools', -q from sorted
    where a = 1300 and fund_class = 'agency'
), labelled as (
    select book_id, day, fund_id, commodity, figure, q,
        case when figure in ('received', 'advances', 'owed', 'intended', 'conditional')
            then campaign else '' end as campaign,
        case when figure in ('received', 'advances') then giver else '' end as giver
    from line
)
"""
FILL = {
    "figure_total": "select book_id, campaign, figure, commodity, fund_id, sum(q) from labelled"
    " group by 1, 2, 3, 4, 5",
    "figure_day": "select book_id, campaign, figure, commodity, fund_id, day, sum(q)"
    " from labelled group by 1, 2, 3, 4, 5, 6",
    "figure_giver": "select {giver}, book_id, campaign, figure, commodity, day, sum(q)"
    " from labelled where giver <> '' group by 1, 2, 3, 4, 5, 6",
}


# Promises whose donor was sent to pay or to save a card, and has done neither.
UNCONFIRMED = """
update pledge set unconfirmed = {true} where state in ('open', 'part_fulfilled')
and legal_nature <> 'unconditional'
and not exists (
    select 1 from fulfilment f where f.pledge_id = pledge.id and f.quantity > 0
) and (
    exists (select 1 from mandate m where m.pledge_id = pledge.id and m.state = 'asked')
    or not exists (select 1 from mandate m where m.pledge_id = pledge.id)
    and exists (
        select 1 from payment_attempt a
        where a.pledge_id = pledge.id and a.kind in ('checkout', 'setup')
    ) and not exists (
        select 1 from payment_attempt a
        where a.pledge_id = pledge.id and a.state in ('processing', 'succeeded', 'posted')
    )
)
"""


def upgrade() -> None:
    """Create the tables and make the sums."""
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "pledge", sa.Column("unconfirmed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(UNCONFIRMED.format(true="true" if dialect == "postgresql" else "1"))
    op.create_index(
        "ix_pledge_unconfirmed",
        "pledge",
        ["book_id", "campaign_id"],
        postgresql_where=sa.text("unconfirmed"),
        sqlite_where=sa.text("unconfirmed = 1"),
    )
    for table, key in KEYS.items():
        references = [name for name in ("book_id", "party_id") if name in key]
        op.create_table(
            table,
            *(
                sa.Column(name, TYPES.get(name, lambda: sa.String(64))(), nullable=False)
                for name in key
            ),
            sa.Column("quantity", sa.BigInteger(), nullable=False),
            *(
                sa.ForeignKeyConstraint(
                    [name], [f"{name.removesuffix('_id')}.id"], name=op.f(f"fk_{table}_{name}")
                )
                for name in references
            ),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        )
        lines = LINES.format(own_name=OWN_NAME[dialect])
        giver = "cast(giver as uuid)" if dialect == "postgresql" else "giver"
        query = FILL[table].format(giver=giver)
        op.execute(f"insert into {table} {lines} {query}")


def downgrade() -> None:
    """Drop them."""
    for table in KEYS:
        op.drop_table(table)
    op.drop_index("ix_pledge_unconfirmed", "pledge")
    op.drop_column("pledge", "unconfirmed")
