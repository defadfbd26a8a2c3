# ---
# crmlab:
#   number: "02"
#   name: segment
#   minutes: 225
#   exercise: {window: 240}
#   title:
#     zh: 任务二：客户分组
#     en: "Task two: group the customers"
#   questions:
#     zh:
#       - 可以将客户分为哪几类价值客户？规则没有给哪两种起名字？
#       - 换一个窗口、一个日期、一条分界，这些类型还站得住吗？
#       - 除了价值，还能怎样分：生命周期、购买习惯、聚类、谁会再来？
#     en:
#       - Which value types are there, and which two has the rule no name for?
#       - Do the types hold with another window, another date, another threshold?
#       - How else can customers be grouped - by lifecycle, habits, clusters, who comes back?
#   objectives:
#     zh:
#       - 手算一位客户的标记，并说出理由
#       - 读懂八种组合的客户数和金额，说出两种没有名字的组合
#       - 用稳定性卡片和迁移表说明：哪些结论站得住
#       - 用写成数据的规则分组，并证明没有空缺，也没有重叠
#       - 判断聚类和预测能不能相信：和基准比一比
#     en:
#       - work out the marks of a customer by hand and say why
#       - read the customers and the money of the eight combinations, and name the two without a name
#       - say with a stability card and a migration table which findings hold
#       - group by rules that are data, and prove that they leave no gap and no overlap
#       - judge whether clusters and forecasts can be trusted, against a baseline
#   key_points:
#     zh:
#       - R 是间隔，越小越近；F 数不同的订单，不数行；M 是总额，不是平均每单。
#       - 不低于平均记 ↑，相等也记 ↑，R 也一样。
#       - R↓F↓M↓ 和 R↑F↓M↑ 没有名字，每次都要数出来。
#       - 窗口决定结果，所以窗口写在每个结果上。
#       - 钱用整数分计算，平均值不会被小数误差带偏。
#       - 规则是数据：谁都能读，能证明，能修改。
#       - 聚类和预测先过基准这一关，过不了就直说。
#     en:
#       - R is an interval, so small is recent; F counts distinct orders, not lines; M is the total, not the mean per order.
#       - At or above the mean is ↑, and a tie is ↑ too, for R as well.
#       - R↓F↓M↓ and R↑F↓M↑ have no name and are counted every time.
#       - The window decides the result, so it stands on every result.
#       - Money is counted in integer fen, so no rounding error moves the mean.
#       - Rules are data, so anybody can read them, prove them and change them.
#       - Clusters and forecasts must beat a baseline first; where they do not, we say so.
# ---

# %% [markdown] lang="zh"
# ## 先问一个问题
#
# 小满杂货有三位客户：
#
# - 一位上周刚来，第一次，买了一台咖啡机；
# - 一位每个月都来，每次只买一包茶；
# - 一位去年常来，花得多，后来再也没来。
#
# **你会给谁打电话？** 只看“花了多少钱”，答案是什么？再看“多久没来”呢？

# %% [markdown] lang="en"
# ## A question first
#
# Xiaoman Goods has three customers:
#
# - one came last week for the first time and bought a coffee machine;
# - one comes every month and buys one pack of tea each time;
# - one came often last year, spent a lot, and never came again.
#
# **Whom would you call?** What is the answer if you only look at the money? And if you look at how long ago they came?

# %% [markdown] lang="zh"
# 这一课分三段，可以分三次上：第一段是规则和它的陷阱，第二段是别的分法，第三段是聚类和预测。最后换一个行业：用同样的代码看一家银行。
#
# 参数在这里。要分析自己的订单，把 `orders` 写成文件路径，再写明四个列名、币种 `currency` 和参考日 `as_of`。有品类和商品的列，就写在 `category` 和 `product`。用教学数据时，这些都不用改。

# %% [markdown] lang="en"
# This lesson has three parts, and you may take them in three sittings: part one is the rule and its traps, part two other ways to group, part three clusters and forecasts. At the end we change the trade: the same code looks at a bank.
#
# Here are the parameters. To analyse orders of your own, put the path of the file in `orders`, name its four columns, the `currency`, and the reference date `as_of`. If there are columns for category and product, name them in `category` and `product`. With the teaching data none of these need changing.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
orders = ""
customer = "customer_id"
order = "order_id"
date = "order_date"
amount = "amount"
state = ""
refund = ""
category = ""
product = ""
order_scope = "all"
currency = ""
as_of = ""
window = 365
refunds = "net"
split = "mean"
groups = 4
seed = 618
tables = ""

# %% tags=["setup"]
import pandas as pd

from crmlab import check_settings, open_data, show, type_customers, word

settings = check_settings(
    lang=lang, data=data, orders=orders, customer=customer, order=order, date=date, amount=amount, state=state,
    refund=refund, category=category, product=product, order_scope=order_scope, currency=currency, as_of=as_of,
    window=window, refunds=refunds, split=split, groups=groups, seed=seed, tables=tables,
)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 第一段：规则和它的陷阱
#
# ### 三个指标
#
# | 指标 | 问什么 | 怎样算 |
# | --- | --- | --- |
# | R | 多久没来 | 参考日减去最后一笔有效订单的日期，单位是天 |
# | F | 来过几次 | 窗口里不同的有效订单数 |
# | M | 花了多少 | 窗口里有效订单的净额之和 |
#
# 每个指标各自和平均值比：不低于平均记 ↑，低于平均记 ↓。R 是间隔，所以 R↓ 才是“最近来过”。

# %% [markdown] lang="en"
# ## Part one: the rule and its traps
#
# ### Three indicators
#
# | indicator | asks | is counted as |
# | --- | --- | --- |
# | R | how long ago | the reference date minus the day of the last valid order, in days |
# | F | how often | distinct valid orders in the window |
# | M | how much | the sum of net valid amounts in the window |
#
# Each is compared with its own mean: at or above it is ↑, below it is ↓. R is an interval, so it is R↓ that means "came recently".

# %%
result = type_customers(
    shop.orders, as_of=shop.as_of, window=window or None, currency=shop.currency,
    refunds=refunds, split=split, **shop.columns,
)
customer = shop.columns["customer"]

# %% [markdown] lang="zh"
# 读一读设置。别人照着它，能得到同样的结果。

# %% [markdown] lang="en"
# Read the settings. With them, others get the same result.

# %% tags=["nbval-check-output"]
show.text(result.describe(lang))

# %% [markdown] lang="zh"
# 橙线是分界。看 M 的图：橙线左边的人多，还是右边的人多？少数大客户会把平均值拉高。最右边的一根，装着所有更大的值。

# %% [markdown] lang="en"
# The orange line is the threshold. In the picture of M, are more people to the left of it or to the right? A few large customers pull a mean up. The last bar on the right holds all larger values.

# %%
show.distributions(result, lang)

# %% [markdown] lang="zh"
# 每行一位客户，最后几列是标记和类型。类型 0 是没有名字的组合，下一节讲。

# %% [markdown] lang="en"
# One row per customer, with the marks and the type in the last columns. Type 0 is a combination without a name; see the next section.

# %% tags=["nbval-check-output"]
show.table(result.table, lang, currency=shop.currency, rows=8, sortable=True)

# %% [markdown] lang="zh"
# ### 六种类型，和两种没有名字的组合
#
# 三个标记有八种组合。规则给六种起了名字，另外两种没有提到。
#
# | 标记 | 名称 | 怎么理解 |
# | --- | --- | --- |
# | R↓F↑M↑ | 重要维护客户 | 最近来过，来得勤，花得多：别让他们失望 |
# | R↓F↓M↑ | 重要发展客户 | 最近来过，花得多，来得少：问清需要，请他们多来 |
# | R↓F↑M↓ | 一般重要客户 | 最近来过，来得勤，花得少：稳稳相处，不硬推销 |
# | R↑F↑M↑ | 重要挽留客户 | 以前来得勤、花得多，最近没来：问一句为什么 |
# | R↑F↑M↓ | 一般客户 | 来得勤，花得少，最近没来：省力地保持联系 |
# | R↑F↓M↓ | 无价值客户 | 很久没来，来得少，花得少：名字很重，其实只是排在后面 |
#
# 别的书会把这些名字用在别的组合上，所以每次都写标记。没有名字的两种：
#
# - R↓F↓M↓：最近来过，次数少，金额小。其中不少是新客户。
# - R↑F↓M↑：很久没来，次数少，金额大。订单不多，每单的金额大。
#
# 如果把它们悄悄塞进六种里，就是替一大群人编了答案。

# %% [markdown] lang="en"
# ### Six types, and two combinations without a name
#
# Three marks make eight combinations. The rule names six of them and does not speak of the other two.
#
# | marks | name | in plain words |
# | --- | --- | --- |
# | R↓F↑M↑ | key customers to maintain | here lately, often, with much money: do not let them down |
# | R↓F↓M↑ | key customers to develop | here lately, much money, rarely: learn their needs, invite them more often |
# | R↓F↑M↓ | fairly important customers | here lately, often, little money: keep it steady, no hard selling |
# | R↑F↑M↑ | key customers to win back | came often, spent much, gone quiet: ask why |
# | R↑F↑M↓ | ordinary customers | came often, little money, gone quiet: stay in touch at little cost |
# | R↑F↓M↓ | no-value customers | long ago, rarely, little money: a harsh name for those who come last |
#
# Other books use these names for other combinations, so the marks are always written. The two without a name:
#
# - R↓F↓M↓: came recently, rarely, with little money. Many of them are new customers.
# - R↑F↓M↑: came long ago, rarely, with much money. Few orders, but large ones.
#
# To push them quietly into one of the six would be to invent an answer for many people.

# %% tags=["nbval-check-output"]
show.table(result.summary(lang), lang, currency=shop.currency)

# %%
show.types(result, lang)

# %% [markdown] lang="zh"
# 面积就是份额。左边数人，右边数钱。找一找：哪一块在左边很大，在右边却很小？

# %% [markdown] lang="en"
# Area is share. The left side counts people, the right side counts money. Look for a block that is large on the left and small on the right.

# %%
show.treemap(result, lang)

# %% [markdown] lang="zh"
# 再看 R 和 F 两个方向。每一格写着人数和金额。人最多的格子在哪里？钱最多的呢？

# %% [markdown] lang="en"
# Now R against F. Each cell holds customers and money. Where are most customers? And where is most of the money?

# %%
show.recency_frequency_heat(result, lang)

# %% [markdown] lang="zh"
# 每个点是一位客户，点越大，金额越高。两条虚线是 R 和 F 的分界，把图分成四块。每块里有两种颜色：M↑ 和 M↓。F 是整数，所以点排成一行一行，许多点叠在一起：颜色越浓，人越多。哪一块的点最密？

# %% [markdown] lang="en"
# Each point is a customer, and larger points are more money. The dashed lines are the thresholds of R and F and cut the picture into four. Each part holds two colours, M↑ and M↓. F is a whole number, so the points lie in rows and many lie on top of each other: the stronger the colour, the more people. Where are the points densest?

# %%
show.recency_frequency(result, lang)

# %% [markdown] lang="zh"
# ### 问一问为什么
#
# 挑一位组合没有名字的客户（没有这样的客户，就换一位）。第一行是这位客户的 R、F、M，第二行说每个指标从多少起记 ↑。先自己写出三个标记，再往下看程序的解释。

# %% [markdown] lang="en"
# ### Ask why
#
# Choose a customer whose combination has no name, or another if there is none. The first row holds R, F and M of this customer; the second says from which value on each is ↑. Write the three marks yourself, and then read on to what the program says.

# %% tags=["nbval-check-output"]
def begins(name, mark):
    limit, every = result.thresholds[name], result.customers
    return every.loc[every[mark] == "↑", name].min() if limit.cuts else limit.at_least


indicators = ["recency_days", "frequency", "monetary"]
chosen = result.customers.sort_values("type", kind="stable")[[customer, *indicators]].head(1)
limits = {name: begins(name, f"{letter}_mark") for letter, name in zip("rfm", indicators, strict=True)}
limits = pd.DataFrame([{customer: word("explain.from_here", lang), **limits}])
show.table(pd.concat([chosen, limits]), lang, currency=shop.currency)

# %% tags=["nbval-check-output"]
show.text(result.explain(chosen[customer].iloc[0], lang))

# %% [markdown] lang="zh"
# ### 自己动手：移动分界
#
# 拖动窗口、参考日和三条分界：八种组合的人数、图，还有一位客户的理由，马上跟着变。没有内核也能用。

# %% [markdown] lang="en"
# ### Try it: move the thresholds
#
# Move the window, the reference date and the three thresholds. The eight counts, the picture and the reason for one customer follow at once. It works without a kernel too.

# %%
from crmlab.explorer import explore

explore(result, lang)

# %% [markdown] lang="zh"
# ### 实验一：相等的时候
#
# 三位客户，每人 1 笔 0.10 元的订单，同一天。人人相等，所以人人不低于平均：R↑F↑M↑。
#
# 这一类叫“重要挽留客户”，可是谁也看不出要走。规则就是这样：相等记 ↑，R 也一样。

# %% [markdown] lang="en"
# ### Experiment one: when all are equal
#
# Three customers, each with 1 order of 0.10 yuan on the same day. All are equal, so all are at or above the mean: R↑F↑M↑.
#
# That type is called "key customers to win back", yet nobody shows signs of leaving. That is the rule: a tie is ↑, for R as well.

# %% tags=["nbval-check-output"]
equal = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "order_id": ["1", "2", "3"],
        "order_date": pd.to_datetime(["2026-06-01"] * 3),
        "amount": [0.10, 0.10, 0.10],
    }
)
show.table(type_customers(equal, as_of="2026-06-17").table, lang)

# %% [markdown] lang="zh"
# 用浮点数（电脑里的小数）计算会出错：三个 0.10 加起来再除以 3，比 0.10 大一点点，三个人就都成了 M↓。用整数分就不会。

# %% [markdown] lang="en"
# With floating-point numbers this goes wrong: 0.10 three times, divided by 3, comes out a little above 0.10, and all three would be M↓. With integer fen it cannot happen.

# %% tags=["nbval-check-output"]
print((0.10 + 0.10 + 0.10) / 3)

# %% [markdown] lang="zh"
# ### 实验二：换一个设置，类型还站得住吗
#
# 同样的订单，每次只换一个设置：窗口、参考日、分界的办法。多少人换了组合？他们的钱占多少？
#
# 先猜：把窗口从 365 天换成 90 天，两边都有购买的客户里，十个人有几个会换组合？

# %% [markdown] lang="en"
# ### Experiment two: do the types hold under other settings?
#
# The same orders, and each time one setting is another: the window, the reference date, or how the threshold is found. How many change their combination, and how much of the money is theirs?
#
# Guess first: with a window of 90 days in place of 365, how many of ten customers who bought in both change?

# %% tags=["nbval-check-output"]
from functools import cache

from crmlab.movement import migrate_periods, stability

card = stability(result)
show.text(card.describe(lang))

# %%
show.stability_bars(card, lang)

# %% [markdown] lang="zh"
# 同样的数，一行一种设置。“只在基准里”的客户在新设置下没有购买，比不了，所以单独数。

# %% [markdown] lang="en"
# The same numbers, a setting in each row. Customers "only in the base" bought nothing under the new setting. They cannot be compared, so they are counted apart.

# %%
show.table(card.table, lang, currency=shop.currency)

# %% [markdown] lang="zh"
# 规则没有变，数据没有变，变的只是设置。所以设置要写在每个结果上，也不要把两个不同窗口的名单当成前后变化。

# %% [markdown] lang="en"
# The rule is the same and so are the data; only the setting is another. So the settings stand on every result, and a difference between two windows is not taken for a change over time.

# %% [markdown] lang="zh"
# ### 实验三：问卷和订单，单位不同
#
# 问卷问的是“平均每个季度几次”，F 数的是窗口里的总次数。两位客户：
#
# - A 来了 1 个季度，买了 3 次；
# - B 来了 4 个季度，买了 8 次。
#
# 谁更勤？先猜，再看表。

# %% [markdown] lang="en"
# ### Experiment three: the survey and the orders have different units
#
# The survey asks "how many times a quarter on average". F counts all orders in the window. Two customers:
#
# - A has been here for 1 quarter and bought 3 times;
# - B has been here for 4 quarters and bought 8 times.
#
# Who buys more often? Guess first, then look at the table.

# %% tags=["nbval-check-output"]
two = pd.DataFrame({"customer_id": ["A", "B"], "frequency": [3, 8], "quarters": [1, 4]})
two["orders_per_quarter"] = two["frequency"] / two["quarters"]
for column, mark in (("frequency", "f_mark"), ("orders_per_quarter", "rate_mark")):
    two[mark] = (two[column] >= two[column].mean()).map({True: "↑", False: "↓"})
show.table(two, lang)

# %% [markdown] lang="zh"
# 按总次数，B 是 ↑；按每季度，A 是 ↑。问卷的答案和订单的 F 不能放在一起比，除非先换成同一个单位。

# %% [markdown] lang="en"
# By the total B is ↑, by the quarter A is. Answers of the survey and F from the orders cannot be compared until they are brought to one unit.

# %% [markdown] lang="zh"
# ### 客户会换组合
#
# 比较最近 90 天和再往前的 90 天，各分一次组合。谁留在原来的组合？谁换了？谁是新来的，谁离开了？
#
# 有些人不动只是碰巧。所以旁边写着：假如前后两期毫无关系，光靠巧合会有多少人不动。Cohen κ 把两者合成一个数：0 是和巧合一样，1 是人人不动。

# %% [markdown] lang="en"
# ### Customers change their combination
#
# We compare the last 90 days with the 90 days before them and type both. Who stayed in the same combination? Who changed? Who is new, and who left?
#
# Some stay by chance alone. So beside it stands how many would stay if the two periods had nothing to do with each other. Cohen's kappa puts both into one number: 0 is no better than chance, 1 is everybody stays.

# %% tags=["nbval-check-output"]
@cache
def moves(days=90):
    return migrate_periods(result, days=days)


show.tried(lambda: show.text(moves().describe(lang)), lang)

# %%
show.tried(lambda: show.migration_flow(moves(), lang), lang)

# %% [markdown] lang="zh"
# 表里每行是前一期的组合，每列是后一期的。一行加起来是前一期的人数，一列加起来是后一期的人数。“新来”一行前一期没有买过，“离开”一列后一期没有再买，不算在内。

# %% [markdown] lang="en"
# In the table each row is a combination of the first period and each column one of the second. A row adds up to the customers of the first period, a column to those of the second. The row "new" and the column "left" do not count: those customers bought in only one of the periods.

# %%
show.tried(lambda: show.table(moves().table(lang), lang, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# 先看留下的占比，再看括号里碰巧的范围。占比落在范围里，就说明不了组合会保持下去。把 90 天换成 180 天：结论变了吗？

# %% [markdown] lang="en"
# Look at the share that stayed, and then at the range by chance in brackets. If the share lies within it, the data do not show that combinations last. With 180 days in place of 90: does the conclusion change?

# %% tags=["nbval-check-output"]
show.tried(lambda: show.text(moves(180).describe(lang)), lang)

# %% [markdown] lang="zh"
# ## 第二段：别的分法
#
# ### 一次看一个方面
#
# 下面这些分法从同一张表开始：每位客户一行，知道什么写什么，不知道的空着。
#
# 有品类的列，才知道常买什么；有年龄段，才知道是不是年轻人。没有的，程序会说。

# %% [markdown] lang="en"
# ## Part two: other ways to group
#
# ### One aspect at a time
#
# All of these start from one table: a row per customer with what is known, and blanks for what is not.
#
# Only a column of categories can say what people usually buy, and only an age range who is young. What is missing is said.

# %% tags=["nbval-check-output"]
from crmlab.collect import with_consent
from crmlab.grouping import basket, facts
from crmlab.patterns import preferences, purchase_lines

lines = purchase_lines(shop.orders, result, **shop.goods_columns)
show.text(lines.describe(lang))

# %%
people = shop.table("customers")
if shop.has("consents"):
    people = with_consent(people, shop.table("consents"), purpose="analysis", on=shop.as_of).kept
tables = [preferences(lines), basket(lines)]
if shop.has("customers"):
    tables.append(people.rename(columns={"customer_id": customer}))
known = facts(result, *tables)
shown = ["frequency", "monetary", "average_order", "median_gap", "gap_spread", "top_category", "discount_share"]
show.table(known[[customer, *shown]], lang, currency=shop.currency, rows=6, sortable=True)

# %% [markdown] lang="zh"
# **次数和金额。** 只看次数，或只看金额，把客户三等分。数值相同的人不会被拆开，所以三组不一定一样大。
#
# 看对角线：两种分法一致吗？右下角的人买得少，却花得多。

# %% [markdown] lang="en"
# **Orders and money.** Look only at the orders, or only at the money, and cut the customers in three. People with the same value are never parted, so the groups need not be of one size.
#
# Look at the diagonal: do the two groupings agree? Those at the bottom right buy rarely and yet spend much.

# %%
from crmlab.grouping import order_groups, tier_sensitivity, value_tiers

pairs = order_groups(result)
grid = pd.crosstab(pairs["frequency_group"], pairs["spend_group"])
levels = ["low", "mid", "high"]
grid = grid.reindex(index=levels[::-1], columns=levels, fill_value=0)
show.heat(grid, lang, title=word("title.frequency_spend", lang), rows="frequency_group", columns="spend_group")

# %% [markdown] lang="zh"
# **价值层级。** 每个指标打 1 到 5 分：按人数分成五份，最好的一份得 5 分。得分乘以权重加起来，再切成三层。

# %% [markdown] lang="en"
# **Value tiers.** Each indicator gets a score from 1 to 5: the customers are cut into fifths, and the best fifth scores 5. Scores times weights are added up and cut into three tiers.

# %% tags=["nbval-check-output"]
tiers = value_tiers(result, weights={"recency_days": 1, "frequency": 1, "monetary": 1})
by_tier = tiers.groupby("value_tier").agg(customers=("value_tier", "size"), monetary=("monetary", "sum"))
show.table(by_tier.reindex(levels[::-1]).reset_index(), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# 权重是人定的。换一组权重，多少人换层级？如果很多，报告里就要写明权重，也不要因为一个层级给人不同的价格。

# %% [markdown] lang="en"
# People choose the weights. With other weights, how many change tier? If it is many, the report must state the weights, and nobody should pay another price because of a tier.

# %% tags=["nbval-check-output"]
others = [
    {"recency_days": 1, "frequency": 1, "monetary": 2},
    {"recency_days": 2, "frequency": 1, "monetary": 1},
    {"monetary": 1},
]
show.table(tier_sensitivity(result, others, lang=lang), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ### 规则是数据
#
# 生命周期有五段：潜在、新、活跃、沉默、流失。每一段是一条规则，写在一个文件里，有名字，有条件，有先后。谁都能读，也能改。

# %% [markdown] lang="en"
# ### Rules are data
#
# The lifecycle has five stages: potential, new, active, silent and lost. Each is a rule in a file, with a name, a condition and a priority. Anybody can read it and change it.

# %% tags=["nbval-check-output"]
from crmlab.grouping import lifecycle, named_groups, need_groups, open_rules

rules = open_rules("lifecycle")
show.table(rules.overview(lang), lang)

# %% [markdown] lang="zh"
# 会不会有人哪条规则都不收，或者同时被两条收走？不用等数据来试：条件里只有几个数，逐段检查就能证明。

# %% [markdown] lang="en"
# Could somebody fall between the rules, or into two of them? We need not wait for data. The conditions hold only a few numbers, so going through every range proves it.

# %% tags=["nbval-check-output"]
show.text(rules.proof().describe(lang))

# %%
stages = lifecycle(result, people.rename(columns={"customer_id": customer}) if shop.has("customers") else None)
show.table(stages.summary(lang).drop(columns="group"), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# 人数为什么和前面不一样？六种类型只看窗口里买过的人，生命周期看每一个知道的人。

# %% [markdown] lang="en"
# Why are these not the customers of before? The six types look at those who bought in the window, the lifecycle at everybody who is known.

# %% tags=["nbval-check-output"]
every, bought = len(stages.table), len(result.customers)
never = int((stages.table["stage"] == "potential").sum())
numbers = {"all": every, "window": bought, "before": every - bought - never, "never": never}
show.text(word("lifecycle.everybody", lang, **numbers))

# %% [markdown] lang="zh"
# 另一种常见的分法只有三类：潜在、现有、流失。两种分法不矛盾：五段里的新、活跃、沉默，合起来就是现有。

# %% [markdown] lang="en"
# Another common way has only three classes: potential, existing and lost. The two do not contradict each other: new, active and silent together are the existing customers.

# %% tags=["nbval-check-output"]
in_order = stages.summary(lang)["group"].tolist()
counts = stages.table.groupby(["relation", "stage"], as_index=False).agg(customers=("stage", "size"))
show.table(counts.sort_values("stage", key=lambda stage: stage.map(in_order.index)), lang)

# %% [markdown] lang="zh"
# **有名字的三群人。** 高频高价值、价格敏感型年轻、流失风险。一位客户可以在几群里。没有填年龄的人不算年轻，是未知：不知道，就不猜。倍数可以改：`named_groups(known, gaps=3)`。

# %% [markdown] lang="en"
# **Three groups with a name.** Frequent and of high value, young and price-sensitive, at risk of leaving. A customer may be in several. Whoever gave no age is not young but unknown: what we do not know we do not guess. The factor can be changed: `named_groups(known, gaps=3)`.

# %% tags=["nbval-check-output"]
named = named_groups(known)
show.table(open_rules("named").overview(lang, currency=shop.currency), lang)

# %% tags=["nbval-check-output"]
show.table(named.summary(lang).drop(columns="group"), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# 有些分组要靠数据里没有的列。缺什么，这里说。

# %% [markdown] lang="en"
# Some groups need columns that the data may not have. What is lacking is said here.

# %%
show.text(named.lacking(lang) or word("rules.nothing_lacking", lang))

# %% [markdown] lang="zh"
# **为什么买。** 我们先猜：工作日下单、一次买很多件的是商务需求；周末也买、一次买几件的是休闲需求。两样不一致的人，不放进任何一群。这只是从订单猜的；问过客户本人，才能说它准不准。

# %% [markdown] lang="en"
# **What they buy for.** Our guess: orders on working days with many pieces are business; orders at weekends too, with few pieces, are leisure. Where the two signs disagree, the customer is in no group. This is only a guess from the orders; whether it is right can be said once customers have been asked.

# %%
show.tried(lambda: show.table(need_groups(known).summary(lang).drop(columns="group"), lang, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# ### 他们怎样买
#
# 先看三张普通的表：买几次，花多少，买什么。加起来要和前面的总数一样。

# %% [markdown] lang="en"
# ### How they buy
#
# Three plain tables first: how often, how much, and what. They add up to the totals above.

# %% tags=["nbval-check-output"]
from crmlab.patterns import bought_together, by_frequency, by_goods, by_spend, habit, popular, retention, trend

show.table(by_frequency(result), lang, currency=shop.currency)

# %% tags=["nbval-check-output"]
from crmlab.money import money_unit

spent = by_spend(result)
spent["spend_band"] += " " + money_unit(shop.currency, lang)
show.table(spent, lang, currency=shop.currency)

# %% [markdown] lang="zh"
# 一单里可以有几个品类，所以一位客户可能在几行里。

# %% [markdown] lang="en"
# An order may hold several categories, so a customer may be in several rows.

# %%
show.tried(lambda: show.table(by_goods(lines), lang, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# **哪些商品最受欢迎？** 按人数、按件数、按金额，第一名一样吗？前几名里有几样是共同的？报告里写“最受欢迎”，就要写是哪一种。

# %% [markdown] lang="en"
# **Which products are most popular?** By customers, by pieces, by money: is the first the same? How many of the first are in all three? A report that says "most popular" must say which.

# %%
names = shop.table("products").set_index("product_id")[f"name_{lang}"].to_dict()
show.tried(lambda: show.popularity(popular(lines), lang, names=names), lang)

# %% [markdown] lang="zh"
# **习惯。** 最近六个完整的月里，每个月都买过同一个品类，就叫习惯。我们看买的人最多的那个品类。少一个月也不算。

# %% [markdown] lang="en"
# **Habits.** Whoever bought a category in each of the last six complete months has a habit. We look at the category that most customers buy. With one month missing it is none.

# %% tags=["nbval-check-output"]
from crmlab.show.table import code_word


def habits():
    liked = popular(lines, by="category").table.sort_values("customers", ascending=False)["category"].iloc[0]
    counts = habit(lines, liked, months=6)["months_bought"].value_counts().sort_index(ascending=False)
    title = word("habits.customers", lang, category=code_word("category", liked, lang))
    return show.table(counts.rename(title).reset_index(), lang)


show.tried(habits, lang)

# %% [markdown] lang="zh"
# **一起买的。** 提升度是：两样东西出现在同一单里的次数，是毫无关系时的几倍。1 倍就是没有关系。

# %% [markdown] lang="en"
# **Bought together.** Lift says how many times as often two things are in one order as they would be if they had nothing to do with each other. A lift of 1 means no relation.

# %%
show.tried(lambda: show.pairs(bought_together(lines), lang, names=names, rows=8), lang)

# %% [markdown] lang="zh"
# **谁会回来。** 每行是同一个月第一次来的客户，往右是之后第几个月又来买的比例。首次购买的那个月人人都在，是 100%，所以不画。

# %% [markdown] lang="en"
# **Who comes back.** Each row holds the customers who first came in one month. To the right stands the share of them that buys again so many months later. In the month of the first purchase it is 100% and therefore not drawn.

# %%
show.cohorts(retention(result), lang)

# %% [markdown] lang="zh"
# **往后会怎样。** 预测先在最近几个月上试一试，和最笨的办法比：照抄去年同月，不满一年就照抄上个月。比不过，就直说。

# %% [markdown] lang="en"
# **Where it goes.** A forecast is first tried on the last months against the simplest way: repeat the same month of last year, or last month where there is less than a year. Where it loses, we say so.

# %%
@cache
def future():
    everything = purchase_lines(shop.orders, result, history=True)
    return trend(everything, ahead=3)


show.tried(lambda: show.text(future().describe(lang)), lang)

# %%
show.tried(lambda: show.demand(future(), lang), lang)

# %% [markdown] lang="zh"
# ## 第三段：聚类和预测
#
# ### 没有分界，能不能分组？
#
# 上面的分组都要先定规则。聚类反过来：不给规则，只问“谁和谁挨得近”。
#
# **想一想**：随便一堆数据，电脑都能分成 4 群。那么怎样知道这些群是真的？

# %% [markdown] lang="en"
# ## Part three: clusters and forecasts
#
# ### Groups without a threshold?
#
# All groupings so far needed a rule first. Clustering turns this round: no rules, only the question who lies close to whom.
#
# **Think first**: a computer cuts any heap of data into 4 clusters. How do we know that they are real?

# %%
from crmlab.grouping import cluster


@cache
def found():
    return cluster(result, settings.groups or None, seed=settings.seed)


show.tried(lambda: show.table(found().profile, lang, currency=shop.currency), lang)

# %%
show.tried(lambda: show.table(found().in_words(lang), lang), lang)

# %% [markdown] lang="zh"
# 群 1 的平均消费最高。表里是每群的中位数；“用话来说”拿它和全部客户的三等分比较。看上去很有道理。现在请程序自己检查：
#
# - **轮廓系数**说群与群分得多开，最高是 1；
# - 再把每一列打乱，只保留列与列的相关：这样的数据里没有群，它的轮廓系数是多少？
# - 把客户分成两半，各自聚类：两次分得一样吗？**调整兰德指数（ARI）**：1 是分得一样，0 是随便分也会有的一致。**预测强度**：在一半里同群的两个人，按另一半的群也同群的比例，看最差的那一群；1 是最好。

# %% [markdown] lang="en"
# Cluster 1 has the highest mean spend. The table shows medians; the words compare them with the thirds of all customers. It all sounds sensible. Now let the program check itself:
#
# - the **silhouette** says how far the clusters are apart, at most 1;
# - then every column is shuffled and only the correlation between columns is kept: such data hold no clusters, and what is their silhouette?
# - the customers are cut into two halves, each clustered by itself: are the clusters the same? The **adjusted Rand index (ARI)** is 1 for the same clusters and 0 for as much agreement as chance gives. The **prediction strength** is the share of pairs in one cluster that are together by the clusters of the other half too, in the worst cluster; 1 is best.

# %%
show.tried(lambda: show.cluster_choice(found(), lang), lang)

# %%
show.tried(lambda: show.text(found().describe(lang)), lang)

# %% [markdown] lang="zh"
# 蓝线要高出灰带，点才是实心的。实心点在哪里？如果一个也没有，就老实说：这里没有天然的群。这几群仍然可以用来分工，但它们是切出来的。
#
# 看散点图：群与群之间有空白吗？

# %% [markdown] lang="en"
# The blue line has to rise above the grey band for a point to be filled. Where are filled points? If there are none, we say so: there are no natural clusters here. These clusters may still serve to divide the work, but they were cut, not found.
#
# Look at the scatter: is there empty space between the clusters?

# %%
show.tried(lambda: show.cluster_points(found(), lang, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# ### 自己动手：换群数，换特征
#
# 拖动群数，换一换按什么分：图、每群的中位数和检验的结果都跟着变。每一种选择都已经算好，没有内核也能用。
#
# **先猜**：只按 F 和 M 分，会比三个指标一起分更站得住吗？再找一找：哪一种选择的预测强度最高？它比打乱后高出多少？

# %% [markdown] lang="en"
# ### Try it: other numbers, other features
#
# Move the number of clusters and choose by what to group. The map, the medians and the result of the check follow. All choices were computed beforehand, so it works without a kernel.
#
# **Guess first**: do clusters by F and M alone hold better than by all three indicators? Then look which choice has the highest prediction strength, and how far it is above shuffled data.

# %%
from crmlab.grouping.explorer import explore_clusters

show.tried(lambda: explore_clusters(result, lang, seed=settings.seed, currency=shop.currency), lang)

# %% [markdown] lang="zh"
# 群和八种组合一致吗？每行是一群。一行里只有一两格有人，就是一致；散在许多格里，就是两种分法看的东西不同。

# %% [markdown] lang="en"
# Do the clusters agree with the eight combinations? Each row is a cluster. If only one or two cells of a row hold people, they agree; if the row is spread over many, the two ways of grouping look at different things.

# %%
title = word("title.cluster_types", lang)
show.tried(lambda: show.heat(found().by_type(), lang, title=title, rows="cluster", columns="marks"), lang)

# %% [markdown] lang="zh"
# ### 实验：噪声，和真的群
#
# 我们造两家店。第一家：三个指标各自随机，谁也不和谁有关。第二家：三种人，常来的、偶尔来的、离开的。
#
# 先猜一猜：不告诉程序分几群，它会说什么？

# %% [markdown] lang="en"
# ### Experiment: noise, and real clusters
#
# We make two shops. In the first, the three indicators are drawn at random and have nothing to do with each other. In the second there are three kinds of people: regulars, occasional customers, and those who left.
#
# Guess first: what will the program say when we do not tell it how many clusters to make?

# %% tags=["nbval-check-output"]
import numpy as np

draw = np.random.default_rng(618)
noise = pd.DataFrame({"customer_id": range(400), "recency_days": draw.integers(0, 365, 400)})
noise["frequency"] = draw.integers(1, 20, 400)
noise["monetary"] = draw.integers(1_000, 100_000, 400)
show.text(cluster(noise, seed=618).describe(lang))

# %% tags=["nbval-check-output"]
kind = draw.integers(0, 3, 400)
three = pd.DataFrame({"customer_id": range(400), "recency_days": draw.poisson(np.array([8, 60, 250])[kind])})
three["frequency"] = 1 + draw.poisson(np.array([25, 8, 3])[kind])
three["monetary"] = three["frequency"] * draw.integers(5_000, 12_000, 400)
planted = cluster(three, seed=618)
show.text(planted.describe(lang))

# %% [markdown] lang="zh"
# 有群的时候，每群一行，颜色说它比别人高还是低。

# %% [markdown] lang="en"
# Where there are groups, each has a row, and the colour says whether it is above or below the others.

# %%
show.cluster_profiles(planted, lang)

# %% [markdown] lang="zh"
# 第一家店：“这里没有群”，哪怕硬切，几块都切得出来。第二家店：3 群，而且说得出每群像什么。会说“没有”的方法，它说“有”的时候才可信。

# %% [markdown] lang="en"
# The first shop: "there are no clusters here", although it could be cut into any number. The second: 3 clusters, and words for each. A method that can say "none" can be trusted when it says "some".

# %% [markdown] lang="zh"
# ### 谁会再来
#
# 六种类型说的是过去。店长问的是将来：接下来 60 天，谁会再来？
#
# 先猜一猜：R↑F↓M↓“无价值客户”里，60 天内会再来的有多少？十个里不到一个，两三个，还是四个以上？

# %% [markdown] lang="en"
# ### Who will come back
#
# The six types speak of the past. The shop manager asks about the future: who comes back within 60 days?
#
# Guess first: of the R↑F↓M↓ "no-value customers", how many come back within 60 days? Fewer than one in ten, two or three, or four and more?

# %% [markdown] lang="zh"
# 预测要经得起检验，所以把时间切开：用早先的订单学习，用后来的 60 天检验，两段结果不重叠。模型还要比两种简单办法好：只看多久没来，或者人人用同一个比例。比的是**对数损失**：说得越有把握却错了，罚得越重，所以越小越好。

# %% [markdown] lang="en"
# A prediction has to stand a test, so time is cut: learn from earlier orders, test on the 60 days after them, and let the two outcomes share no day. The model must also beat two simple ways: recency alone, and one share for everybody. They are compared by the **log loss**: the surer a wrong prediction, the higher the penalty, so lower is better.

# %% tags=["nbval-check-output"]
from crmlab.forecast import lifetime_value, predict_return


@cache
def coming():
    return predict_return(result, horizon=60, seed=settings.seed)


show.tried(lambda: show.text(coming().describe(lang)), lang)

# %% [markdown] lang="zh"
# 横轴是模型说的概率，纵轴是后来真的买了的比例。点在斜线下面，就是说得太高。人数少的组，区间很宽。

# %% [markdown] lang="en"
# Across: the probability that the model gave. Up: the share who then bought. A point below the line was promised too much. Bins with few people have wide intervals.

# %%
show.tried(lambda: show.calibration(coming(), lang), lang)

# %% [markdown] lang="zh"
# 再把类型放在旁边。你猜的 R↑F↓M↓“无价值客户”，实际是多少？名字说没有价值，他们里有没有人再来？

# %% [markdown] lang="en"
# Now beside the types. How many of the R↑F↓M↓ "no-value customers" was it? The name says no value; did any of them come back?

# %%
show.tried(lambda: show.return_by_type(coming(), lang), lang)

# %% [markdown] lang="zh"
# 标记和模型看法不同的客户，今天就列得出来。表里是两个方向上最明显的几位，有编号和理由，不是命令：模型不知道联系有没有用。

# %% [markdown] lang="en"
# Customers about whom mark and model differ can be listed today. The table holds the clearest cases of both directions, with ids and reasons and not with instructions: the model does not know whether a message would help.

# %%
def surest():
    wrong = coming().misjudged().sort_values("judged", kind="stable").groupby("judged").head(3)
    return show.table(wrong.rename(columns={"p_return": "return_share"}), lang, currency=shop.currency)


show.tried(surest, lang)

# %% [markdown] lang="zh"
# **换一个天数呢？** 我们展示的是 60 天：它是不是恰好最好看的那一个？30 天和 90 天也和两种简单办法比一比。每行一种办法，“低多少”是模型的对数损失比它低多少。

# %% [markdown] lang="en"
# **And with other days?** We showed 60 days: is that the one that looks best? Compare 30 and 90 days with the two simple ways, too. Each row names one of these ways, and "lower by" says how much lower the log loss of the model is.

# %%
def horizons(*tried):
    models = {days: predict_return(result, horizon=days, seed=settings.seed) for days in tried}
    gains = pd.concat([model.gains.assign(horizon=days) for days, model in models.items()])
    gains = gains[gains["measure"] == "log_loss"]
    return show.table(gains[["horizon", "model", "gain_share", "low_share", "high_share"]], lang)


show.tried(lambda: horizons(30, 60, 90), lang)

# %% [markdown] lang="zh"
# 哪几行的区间整个在 0 以上？如果只有一种天数好看，它就可能是碰巧。先试几种，再只报告最好看的一种，会骗到别人，也会骗到自己。天数要在看结果之前定好；试过几种，就都写出来，像这张表一样。

# %% [markdown] lang="en"
# In which rows does the whole interval lie above 0? If only one number of days looks good, it may be chance. To try several and report only the best fools others and yourself. Choose the days before you see the results; if you tried several, report all of them, as this table does.

# %% [markdown] lang="zh"
# ### 进阶：一位客户值多少
#
# 终身价值估计今后一年买几次、每次多少钱。BG/NBD 管次数，Gamma-Gamma 管金额。两个模型都有很强的假设，先读假设，再看数。

# %% [markdown] lang="en"
# ### Advanced: what a customer is worth
#
# Lifetime value estimates how often somebody buys within a year, and how much each time: BG/NBD for how often, Gamma-Gamma for how much. Both assume a lot. Read the assumptions first, then the numbers.

# %% tags=["nbval-check-output"]
@cache
def worth():
    return lifetime_value(result, days=365, discount_rate=0.1, seed=settings.seed)


show.tried(lambda: show.text(worth().describe(lang)), lang)

# %%
show.tried(lambda: show.value_holdout(worth(), lang), lang)

# %% [markdown] lang="zh"
# 灰线假定人人保持自己的频率。橙线往中间收：以前来得特别多的人，往后多半没有那么多。哪条线离实际近？上面那段话里，总数偏高还是偏低？表里排在最前面的，有几位“再次购买次数”是 0？上面说过，模型总把他们的活跃概率算成 1。所以先后也只能参考，金额更不要写进预算。

# %% [markdown] lang="en"
# The grey line lets everybody keep their own rate. The orange line pulls towards the middle: people who came very often tend to come less often later. Which line is closer to what happened? In the text above, is the total too high or too low? How many at the top of the table have 0 repeat purchases? The text above says that the model always gives them a probability of 1. So the ranking, too, is only a hint, and the money belongs in no budget.

# %%
def dearest():
    first = worth().table.sort_values("value", ascending=False).head(6)
    return show.table(first.rename(columns={"value": "year_value"}), lang, currency=shop.currency)


show.tried(dearest, lang)

# %% [markdown] lang="zh"
# ## 最后：换一个行业，不换代码
#
# 零售看次数和金额，银行看资产规模和投资偏好。换行业时，换的是一个配置文件（`crmlab/cases/retail.toml` 和 `bank.toml`）：用哪些列，叫什么，按什么分。代码一行不改。
#
# 下面的函数不知道自己在看哪个行业。先看手上这份数据：人最多的格子在哪里？

# %% [markdown] lang="en"
# ## At the end: another trade, the same code
#
# A shop looks at orders and money, a bank at the size of the assets and at what people like to invest in. To change the trade we change a configuration file (`crmlab/cases/retail.toml` and `bank.toml`): which columns, what they are called, by what to group. Not a line of code changes.
#
# The function below does not know which trade it looks at. First the data at hand: which cell holds most people?

# %%
def classes(trade, typed):
    return trade.case.group(trade.case.facts(typed, trade.table("customers")))


def class_heat(trade, typed):
    found = classes(trade, typed)
    return show.heat(found.counts, lang, title=trade.case.title(lang), rows=found.rows, columns=found.columns)


show.tried(lambda: class_heat(shop, result), lang)

# %% [markdown] lang="zh"
# 银行的金额属于金融账户信息，是敏感个人信息；投资偏好和它放在一起，照同样的要求处理：要客户**单独同意**。少了这一项同意的客户，一行也不会读出来；银行没有声明征求过单独同意，整份数据就打不开。

# %% [markdown] lang="en"
# A bank's amounts are financial account data and therefore sensitive; investment preferences kept with them are treated alike: clients must consent **separately**. Where that consent is lacking not one row comes out, and where the bank does not declare that it asked for it, the data do not open at all.

# %% tags=["nbval-check-output"]
bank = open_data(check_settings(data="bank"))
show.text(bank.order_lines_by_consent.balance(lang))

# %% [markdown] lang="zh"
# 同样的规则，同样的函数：订单换成了买入，退款换成了赎回，金额换成了资产规模。“未知”是没有问过投资偏好的客户，他们不是“保守”。

# %% [markdown] lang="en"
# The same rule and the same function: orders are purchases of products, refunds are redemptions, and money is the size of the assets. "Unknown" are clients who were never asked for their preference; that does not make them "cautious".

# %%
deals = type_customers(
    bank.orders, as_of=bank.as_of, window=window or None, currency=bank.currency, refunds=refunds, split=split,
    **bank.columns,
)
class_heat(bank, deals)

# %% [markdown] lang="zh"
# **钱集中在哪里？** 零售案例说，高价值客户集中在某些品类。我们比一比：消费高的客户花在每个品类的份额，是其他客户的几倍？整个区间都在 1 倍右边，才算集中。

# %% [markdown] lang="en"
# **Where is the money?** The retail case says that high-value customers concentrate on certain categories. Compare: of the money of high spenders, what share goes to each category, and how many times that of the others is it? Only where the whole interval lies above 1 do we call it concentrated.

# %%
from crmlab.cases import concentration


def where_money(trade, typed):
    whole = trade.case.whole_history
    bought = purchase_lines(trade.orders, typed, **trade.goods_columns, history=whole)
    return concentration(bought, classes(trade, typed).table, **trade.case.focus)


show.tried(lambda: show.concentration(where_money(shop, result), lang), lang)

# %% [markdown] lang="zh"
# 用句子读一遍，再看银行。最后两句每次都在：集中不等于原因；来源的案例没有给出数字。

# %% [markdown] lang="en"
# Read it in sentences, and then for the bank. The last two sentences stand there every time: to be concentrated is no cause, and the cases of the source give no numbers.

# %%
show.tried(lambda: show.text(where_money(shop, result).describe(lang)), lang)

# %% tags=["nbval-check-output"]
show.text(where_money(bank, deals).describe(lang))

# %% [markdown] lang="zh"
# 把表存成文件，表格软件可以直接打开。参数 `tables` 留空就不写。

# %% [markdown] lang="en"
# We keep the tables as files that a spreadsheet opens. With the parameter `tables` left empty nothing is written.

# %%
show.save(result.table, settings.tables, "types.csv", lang, currency=shop.currency)
show.save(result.summary(lang), settings.tables, "summary.csv", lang, currency=shop.currency)
show.save(card.table, settings.tables, "stability.csv", lang, currency=shop.currency)
show.save(known, settings.tables, "customers.csv", lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 小结：可将客户分为哪几类价值客户
#
# - 六类有名字：R↓F↑M↑ 重要维护、R↓F↓M↑ 重要发展、R↓F↑M↓ 一般重要、R↑F↑M↑ 重要挽留、R↑F↑M↓ 一般、R↑F↓M↓ 无价值。
# - 两种组合没有名字：R↓F↓M↓ 和 R↑F↓M↑。数一数上面的汇总表：它们有多少人，多少钱？
# - 名字后面永远写标记，标记后面永远写设置：窗口、参考日、分界。
# - 类型会变。换设置会变，过半年也可能变。名单要带日期。
# - 分组是为了服务，不是为了赶人走。下一课为每一组想一想：怎样服务？
#
# 回到开头的三位客户：你现在会给每位写什么标记？第三位的最后一笔订单也许在窗口之前：那就没有标记，八种组合都不算这位客户，要到生命周期里去找。
#
# **作业**：把 `refunds` 改成 `"drop"`，再改成 `"ignore"`。改回 `"net"` 后，把 `split` 改成 `"median"`。每次看汇总表：哪些数变了，为什么？

# %% [markdown] lang="en"
# ## Summary: which value types are there?
#
# - Six have a name: R↓F↑M↑ key customers to maintain, R↓F↓M↑ key customers to develop, R↓F↑M↓ fairly important, R↑F↑M↑ key customers to win back, R↑F↑M↓ ordinary, R↑F↓M↓ no-value.
# - Two combinations have none: R↓F↓M↓ and R↑F↓M↑. Look at the summary above: how many people are they, and how much money?
# - A name always carries its marks, and the marks always carry the settings: window, reference date, threshold.
# - Types change. They change with the settings, and they may change within half a year. A list needs its date.
# - Grouping is for serving, not for sending people away. In the next lesson we think about each group: how do we serve it?
#
# Back to the three customers of the opening: which marks would you give each of them now? The last order of the third may lie before the window: then there are no marks and none of the eight combinations counts this customer; look in the lifecycle.
#
# **Homework**: set `refunds` to `"drop"`, then to `"ignore"`. Back at `"net"`, set `split` to `"median"`. Look at the summary each time: which numbers change, and why?

# %% exercise="setup"
from crmlab.course.practice import practice
from crmlab.patterns import purchase_lines

answer, check = practice("02_segment", shop, settings)
typed = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
lines = purchase_lines(shop.orders, typed, **shop.goods_columns)
bought = lines.lines.collect().to_pandas()[["customer", "order", "day", "money"]]

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 规则没有给哪两种组合起名字？一个列表，写标记，例如 `"R↓F↑M↑"`。

# %% [markdown] lang="en" question="q1"
# ## q1
#
# Which two combinations has the rule no name for? Give their marks as a list, written like `"R↓F↑M↑"`.

# %% solution="q1"
summary = typed.summary(lang)
answer("q1", summary.loc[summary["type"] == 0, "marks"].tolist())

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 可将客户分为哪几类价值客户？只写有名字的六类，一张表，两列：`marks` 是标记，`name` 是名称。

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Which value types are there? Give the six that have a name, as a table with two columns: `marks` and `name`.

# %% solution="q2"
answer("q2", summary.loc[summary["type"] > 0, ["marks", "name"]])

# %% [markdown] lang="zh" question="q3"
# ## q3
#
# 手算 R、F、M。表 `bought` 是窗口里算数的订单行：`customer`、`order`、`day`（下单的日子）和 `money`（净额，分）；参考日是 `shop.as_of`。每位客户一行，一张表，四列：`customer`、`recency_days`、`frequency`、`monetary`。不用 `typed` 里的数。

# %% [markdown] lang="en" question="q3"
# ## q3
#
# Work out R, F and M by hand. The table `bought` has the order lines that count in the window: `customer`, `order`, `day` (of the order) and `money` (net, in fen); the reference date is `shop.as_of`. One row per customer, as a table with four columns: `customer`, `recency_days`, `frequency`, `monetary`. Do not take the numbers of `typed`.

# %% solution="q3"
by_customer = bought.assign(day=pd.to_datetime(bought["day"])).groupby("customer")
table = pd.DataFrame({
    "recency_days": (pd.Timestamp(shop.as_of) - by_customer["day"].max()).dt.days,
    "frequency": by_customer["order"].nunique(),
    "monetary": by_customer["money"].sum(),
}).reset_index()
answer("q3", table)

# %% [markdown] lang="zh" question="q4"
# ## q4
#
# 用第 3 题的表，给每位客户写标记，分界是平均值。一张表，两列：`customer` 和 `marks`（例如 `"R↓F↑M↑"`）。只用整数比较：值乘以人数，和合计比。

# %% [markdown] lang="en" question="q4"
# ## q4
#
# With the table of question 3, mark every customer; the threshold is the mean. A table with two columns: `customer` and `marks` (such as `"R↓F↑M↑"`). Compare whole numbers only: the value times the customers, with the total.

# %% solution="q4"
def marks(column):
    return (table[column] * len(table) >= table[column].sum()).map({True: "↑", False: "↓"})

written = "R" + marks("recency_days") + "F" + marks("frequency") + "M" + marks("monetary")
answer("q4", table[["customer"]].assign(marks=written))

# %% [markdown] lang="zh" question="q5"
# ## q5
#
# 分界换成中位数，正好等于中位数的也记 ↑。八种组合各有多少客户？按汇总表的顺序，一个列表。

# %% [markdown] lang="en" question="q5"
# ## q5
#
# Now the threshold is the median, and a value that equals it is ↑ too. How many customers are in each of the eight combinations? A list in the order of the summary.

# %% solution="q5"
by_median = type_customers(shop.orders, as_of=shop.as_of, window=window, split="median",
                           currency=shop.currency, **shop.columns)
answer("q5", by_median.summary(lang)["customers"].tolist())

# %% [markdown] lang="zh" question="q6"
# ## q6
#
# 分界是平均值：净消费至少是多少分，才会记 M↑？回答一个整数。一元是 100 分。

# %% [markdown] lang="en" question="q6"
# ## q6
#
# With the mean as threshold: from how many fen of net spend on is a customer marked M↑? Answer with an integer. A yuan is 100 fen.

# %% solution="q6"
answer("q6", int(-(-table["monetary"].sum() // len(table))))

# %% [markdown] lang="zh" question="q7"
# ## q7
#
# 把窗口缩短 40 天：`window - 40`。在两个窗口里都有购买的客户中，有多少位换了组合？

# %% [markdown] lang="en" question="q7"
# ## q7
#
# Make the window 40 days shorter: `window - 40`. Among the customers with a purchase in both windows, how many change their combination?

# %% solution="q7"
from crmlab.movement import stability

card = stability(typed, windows=[window - 40], days_back=[], splits=[])
answer("q7", int(card.table["moved"].iloc[0]))

# %% [markdown] lang="zh" question="q8"
# ## q8
#
# 生命周期改用这些界限：`new_days=60, silent_days=60, lost_days=150`。有多少位沉默客户？

# %% [markdown] lang="en" question="q8"
# ## q8
#
# Use other limits for the lifecycle: `new_days=60, silent_days=60, lost_days=150`. How many customers are silent?

# %% solution="q8"
from crmlab.grouping import lifecycle

stages = lifecycle(typed, new_days=60, silent_days=60, lost_days=150).table
answer("q8", int((stages["stage"] == "silent").sum()))

# %% [markdown] lang="zh" question="q9"
# ## q9
#
# 买的人最多的品类是哪个？有多少人在最近四个完整的月里每月都买过它？回答人数。

# %% [markdown] lang="en" question="q9"
# ## q9
#
# Which category do most customers buy? How many bought it in each of the last four complete months? Answer with their number.

# %% solution="q9"
from crmlab.patterns import habit, popular

ranked = popular(lines, by="category").table.sort_values("customers", ascending=False)
answer("q9", int(habit(lines, ranked["category"].iloc[0], months=4)["is_habit"].sum()))

# %% [markdown] lang="zh" question="q10"
# ## q10
#
# 从参考日往回，比较两个相邻的时期，各是窗口的一半：`window // 2` 天。两期都买过东西的客户里，有多少位留在原来的组合？

# %% [markdown] lang="en" question="q10"
# ## q10
#
# Compare two neighbouring periods up to the reference date, each half the window: `window // 2` days. Among the customers who bought in both, how many kept their combination?

# %% solution="q10"
from crmlab.movement import migrate_periods

answer("q10", migrate_periods(typed, days=window // 2).stayed)

# %% [markdown] lang="zh" question="q11"
# ## q11
#
# 把“流失风险”的倍数从 2 改成 3：有多少位客户在这一群？

# %% [markdown] lang="en" question="q11"
# ## q11
#
# Raise the factor of "at risk of leaving" from 2 to 3. How many customers are in the group?

# %% solution="q11"
from crmlab.grouping import facts, named_groups

known = facts(typed)
answer("q11", int((named_groups(known, gaps=3).table["at_risk"] == "yes").sum()))

# %% [markdown] lang="zh" question="q12"
# ## q12
#
# 618 之前只能先照顾一种组合。你选哪一种？写三到五句话：选哪种，依据哪几个数，选错了会怎样。由老师来读。

# %% [markdown] lang="en" question="q12"
# ## q12
#
# Before the 618 festival you can look after one combination first. Which one do you choose? Write three to five sentences: which one, by which numbers, and what happens if you are wrong. Your instructor reads it.

# %% solution="q12"
answer("q12", word("sample.essay_02", lang))
