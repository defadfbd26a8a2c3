# ---
# crmlab:
#   number: "00"
#   name: start
#   minutes: 15
#   exercise: {window: 180}
#   title:
#     zh: 开始：认识这家店
#     en: "Start: meet the shop"
#   questions:
#     zh:
#       - 我的电脑准备好了吗？
#       - 618 之前，这家店的客户都一样吗？
#     en:
#       - Is my computer ready?
#       - Before the 618 festival, are all customers of this shop alike?
#   objectives:
#     zh:
#       - 检查环境、中文字体和文字编码
#       - 画出第一张图，并读懂它
#       - 让程序用一句话解释一位客户的类型
#     en:
#       - check the environment, the Chinese font and the text encodings
#       - draw a first picture and read it
#       - let the program explain the type of one customer in a sentence
#   key_points:
#     zh:
#       - 客户多的组合，金额不一定多：两种占比要一起看。
#       - 每个结果都写明参考日、窗口和计入的订单，别人才能重做一遍。
#       - 类型总和标记写在一起，例如 R↓F↑M↑。
#     en:
#       - A combination with many customers need not bring much money, so look at both shares.
#       - Every result states its reference date, its window and the orders it counts, so that others can do it again.
#       - A type is always written with its marks, for example R↓F↑M↑.
# ---

# %% [markdown] lang="zh"
# ## 618 快到了
#
# 小满杂货是一家网店，卖咖啡、茶、零食和家居用品。再过一天就是 618。
#
# 店主有一笔活动预算，不够分给每一位客户。她问：**先关心谁？**
#
# 这门课用四课来回答。先收集，再分组，再服务。今天我们只看一眼全貌。

# %% [markdown] lang="en"
# ## The 618 festival is near
#
# Xiaoman Goods is an online shop for coffee, tea, snacks and things for the home. The 618 festival is one day away.
#
# The owner has a budget for it, and it does not reach for every customer. She asks: **whom do we care for first?**
#
# This course answers in four lessons. We collect, then we group, then we serve. Today we only take one look at the whole.

# %% [markdown] lang="zh"
# 下面这一格是**参数**。想让表和图换成英文，或换一个窗口，只改这一格。

# %% [markdown] lang="en"
# The next cell holds the **parameters**. To have tables and pictures in Chinese, or another window, change this cell only.

# %% tags=["parameters"]
lang = "zh"
data = "teaching"
as_of = ""
window = 365

# %% [markdown] lang="zh"
# 接着检查参数，打开数据，装好中文字体。写错的参数会在这里用一句话告诉你。

# %% [markdown] lang="en"
# Then we check the parameters, open the data and set the font. If a parameter is wrong, you are told here in one sentence.

# %% tags=["setup"]
from crmlab import check_settings, open_data, show, type_customers

settings = check_settings(lang=lang, data=data, as_of=as_of, window=window)
shop = open_data(settings)
show.theme()

# %% [markdown] lang="zh"
# ## 电脑准备好了吗？
#
# 每一行都真的试过一次。如果有一行不是“可以用”，它会说该做什么。

# %% [markdown] lang="en"
# ## Is the computer ready?
#
# Each row was really tried. If one does not say "works", it says what to do.

# %% tags=["nbval-check-output"]
from crmlab.course.doctor import environment

show.table(environment(lang), lang)

# %% [markdown] lang="zh"
# ## 第一张图
#
# `type_customers` 看每位客户三件事：多久没来（R）、来过几次（F）、花了多少（M）。不低于平均记 ↑，低于平均记 ↓。
#
# 蓝条是客户，橙条是金额。先自己看十秒：哪一行的橙条比蓝条长得最多？
#
# 代码里的 `**shop.columns` 告诉函数哪几列是客户、订单、日期和金额。照抄就行。

# %% [markdown] lang="en"
# ## A first picture
#
# `type_customers` looks at three things of each customer: how long ago they came (R), how often (F), and how much they spent (M). At or above the mean is marked ↑, below it ↓.
#
# Blue bars are customers, orange bars are money. Look for ten seconds by yourself: in which row is the orange bar most ahead of the blue one?
#
# In the code, `**shop.columns` tells the function which columns are customer, order, date and amount. Simply copy it.

# %%
result = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
show.types(result, lang)

# %% [markdown] lang="zh"
# 同样的数字写成表。最后两行没有名字：规则只给六种组合起了名。我们不替它编，只把它们数出来。

# %% [markdown] lang="en"
# The same numbers as a table. The last two rows have no name: the rule names only six combinations. We do not invent names for it; we count them and show them.

# %% tags=["nbval-check-output"]
show.table(result.summary(lang), lang, currency=shop.currency)

# %% [markdown] lang="zh"
# ## 为什么是这一类？
#
# 表里的每一位客户都可以问“为什么”。下面取第一位类型 1 的客户。

# %% [markdown] lang="en"
# ## Why this type?
#
# You can ask "why" about every customer in the table. Here we take the first customer of type 1.

# %% tags=["nbval-check-output"]
first = result.table.loc[result.table["type"] == 1, shop.columns["customer"]].iloc[0]
show.text(result.explain(first, lang))

# %% [markdown] lang="zh"
# 结果自己会说明它是怎么来的：哪一天为止、多长的窗口、哪些订单没有计入。

# %% [markdown] lang="en"
# The result itself says how it came about: up to which day, over which window, and which orders do not count.

# %% tags=["nbval-check-output"]
show.text(result.describe(lang))

# %% [markdown] lang="zh"
# ## 接下来
#
# 下一课我们回到开头：这些数据是怎么收集来的，客户同意了吗？
#
# **作业**：把参数 `window` 改成 90，再从上到下运行一遍。哪一种组合的客户占比变得最多？

# %% [markdown] lang="en"
# ## What comes next
#
# In the next lesson we go back to the beginning: how were these data collected, and did the customers agree?
#
# **Homework**: set the parameter `window` to 90 and run everything again from the top. Which combination's share of customers changes most?

# %% exercise="setup"
from crmlab.course.practice import practice

answer, check = practice("00_start", shop, settings)

# %% [markdown] lang="zh" question="q1"
# ## q1
#
# 客户表 `shop.table("customers")` 里登记了多少位客户？回答一个数。

# %% [markdown] lang="en" question="q1"
# ## q1
#
# How many customers are registered in the table `shop.table("customers")`? Answer with a number.

# %% solution="q1"
answer("q1", len(shop.table("customers")))

# %% [markdown] lang="zh" question="q2"
# ## q2
#
# 用 `type_customers` 给客户分类型，窗口用 `window` 天。哪一种组合的客户最多？回答它的标记，例如 `"R↑F↑M↑"`。

# %% [markdown] lang="en" question="q2"
# ## q2
#
# Type the customers with `type_customers`, over a window of `window` days. Which combination has most customers? Answer with its marks, for example `"R↑F↑M↑"`.

# %% solution="q2"
typed = type_customers(shop.orders, as_of=shop.as_of, window=window, currency=shop.currency, **shop.columns)
counts = typed.summary(lang)
answer("q2", counts.loc[counts["customers"].idxmax(), "marks"])
